import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { measureFiles, type AttestedRole, type EvidenceSource, type EvidenceVerifier } from "@cloister/attestation";
import { SimulatedRoot, simulatedEvidenceSource, simulatedVerifier } from "@cloister/attestation/simulated";
import { codeOf } from "@cloister/service";
import { KeyringError } from "./errors.ts";

// Its own entry point, so that production builds leave it and the simulated verifier out.

const GROUP_OR_WORLD = 0o077;
const MEASURED = /(?<!\.d)\.(js|ts|mjs|json)$/u;

export interface DevelopmentEvidence {
  readonly source: EvidenceSource;
  readonly verifiers: readonly EvidenceVerifier[];
  /** For `KeysConfig.simulatedRoots` and a development policy. */
  readonly simulatedRoots: readonly Uint8Array[];
  /** What a policy has to allow for the role, 48 bytes. */
  readonly measurement: Uint8Array;
}

/** Simulated evidence of a service whose code lies in `codeFolder`, under the root in `rootFile`. */
export async function developmentEvidence(options: {
  readonly role: AttestedRole;
  readonly rootFile: string;
  readonly codeFolder: string;
  readonly clock: { nowMs(): number };
}): Promise<DevelopmentEvidence> {
  const { role, clock } = options;
  const root = await loadSimulatedRoot(options.rootFile);
  const measurement = await measureService(role, options.codeFolder);
  return {
    source: simulatedEvidenceSource(root, { role, measurement }, clock),
    verifiers: [simulatedVerifier],
    simulatedRoots: [root.publicKey],
    measurement,
  };
}

/**
 * The root in a file of 32 bytes and mode 0600; made when there is none.
 * @throws KeyringError EVIDENCE_REJECTED when group or world may read it, or it holds no root
 */
export async function loadSimulatedRoot(path: string): Promise<SimulatedRoot> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return makeSimulatedRoot(path);
  if ((status.mode & GROUP_OR_WORLD) !== 0) {
    throw new KeyringError("EVIDENCE_REJECTED", "The simulated root's file is open to group or world: chmod 600 it.");
  }
  try {
    return SimulatedRoot.fromSecretKey(await readFile(path));
  } catch (cause) {
    throw new KeyringError("EVIDENCE_REJECTED", "The simulated root's file holds no root: remove it.", { cause });
  }
}

/** Of all code and data files in a service's built folder; 48 bytes. */
export async function measureService(role: AttestedRole, codeFolder: string): Promise<Uint8Array> {
  const entries = await readdir(codeFolder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile() && MEASURED.test(entry.name));
  const files = paths.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return { path: relative(codeFolder, path).split(sep).join("/"), bytes: await readFile(path) };
  });
  return measureFiles(role, await Promise.all(files));
}

async function makeSimulatedRoot(path: string): Promise<SimulatedRoot> {
  const root = SimulatedRoot.create();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, root.exportSecretKey(), { mode: 0o600, flush: true });
  try {
    // A link never replaces: of two services that start at once, one makes the file and the other reads it, whole.
    await link(own, path);
    return root;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return await loadSimulatedRoot(path);
    throw error;
  } finally {
    await unlink(own);
  }
}
