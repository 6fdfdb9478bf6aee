import { randomUUID } from "node:crypto";
import { chmod, link, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { AttestedRole } from "@cloister/attestation";
import {
  measureFiles,
  SimulatedRoot,
  simulatedEvidenceSource,
  simulatedVerifier,
} from "@cloister/attestation/simulated";
import { codeOf, type Clock } from "@cloister/service";
import type { AttestedMachine } from "../attested-machine.ts";
import { digestOfSettings } from "../digest-of-settings.ts";

/**
 * A machine without a TEE, for development: its root key lies in a file (32 bytes as hex, 0600) and it measures the
 * files that a service is made of. It proves nothing, and only a `development` policy accepts it.
 */
export class SimulatedMachine {
  readonly #root: SimulatedRoot;

  private constructor(root: SimulatedRoot) {
    this.#root = root;
  }

  /** P-256, compressed, 33 bytes: for `simulatedRoots` of a development policy. */
  get rootPublicKey(): Uint8Array {
    return this.#root.publicKey;
  }

  /**
   * Opens the root in `file`, or makes one there. Several processes may do so at once.
   * @throws Error when others than its owner can read the file
   */
  static async open(file: string): Promise<SimulatedMachine> {
    await createOnce(file, () => Buffer.from(SimulatedRoot.create().exportSecretKey()).toString("hex"));
    if (process.platform !== "win32" && ((await stat(file)).mode & 0o077) !== 0) {
      throw new Error(
        `${file} can be read by others than its owner: run chmod 600 on it, or remove it to make a new one`,
      );
    }
    const hex = (await readFile(file, "utf8")).trim();
    return new SimulatedMachine(SimulatedRoot.fromSecretKey(Buffer.from(hex, "hex")));
  }

  /**
   * The evidence of one service here.
   * @param code the folder of the files that the service is made of
   * @param configuration its security-relevant settings; plain JSON values, in an order that stays
   */
  async attest(
    role: AttestedRole,
    { code, configuration, clock }: { code: URL; configuration: Readonly<Record<string, unknown>>; clock: Clock },
  ): Promise<AttestedMachine> {
    const measurement = measureFiles(role, await filesOf(fileURLToPath(code)));
    return {
      evidence: simulatedEvidenceSource(this.#root, { role, measurement }, clock),
      verifiers: [simulatedVerifier],
      measurement,
      configurationDigest: digestOfSettings(configuration),
    };
  }
}

async function createOnce(file: string, content: () => string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, content(), { mode: 0o600 });
  await chmod(draft, 0o600);
  try {
    // A link, unlike a rename, never replaces what another process has just made.
    await link(draft, file);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(draft);
  }
}

async function filesOf(folder: string): Promise<{ path: string; bytes: Uint8Array }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const code = entries.filter(
    (entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !entry.name.endsWith(".d.ts"),
  );
  return Promise.all(
    code.map(async (entry) => {
      const file = join(entry.parentPath, entry.name);
      return { path: relative(folder, file).split(sep).join("/"), bytes: await readFile(file) };
    }),
  );
}
