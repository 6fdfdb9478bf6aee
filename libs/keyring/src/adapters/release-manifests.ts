import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AttestedRole, EvidenceSource } from "@cloister/attestation";
import {
  MAX_MANIFEST_BYTES,
  MAX_MANIFESTS,
  PolicyError,
  readUnverifiedManifest,
  type ReleaseManifest,
} from "@cloister/policy";
import { codeOf, ServiceError, type Log } from "@cloister/service";

/** What runs here. */
export interface OwnProgram {
  readonly role: AttestedRole;
  /** SHA-384, 48 bytes each. */
  readonly measurement: Uint8Array;
  readonly configurationDigest: Uint8Array;
}

const MAX_FILES = 64;

/**
 * Evidence with the release manifests beside it that lie in a folder (`*.note`, at most 64) and name this very program, at
 * most 4: those that last the longest. The folder is read anew each time, so a manifest is renewed without a restart; one
 * that can't be read then is left out. Without a folder the source stays as it is.
 * @throws ServiceError CONFIG_INVALID if the folder or one of its manifests can't be read at the start
 */
export async function withReleaseManifests(
  source: EvidenceSource,
  folder: string | undefined,
  program: OwnProgram,
  log: Log,
): Promise<EvidenceSource> {
  if (folder === undefined) return source;
  const found = await manifestsIn(folder);
  const [fault] = found.faults;
  if (fault !== undefined) throw fault;
  const count = ownManifests(found.manifests, source, program).length;
  if (count > 0) log.info("release manifests name this program and are shown beside its evidence", { count });
  else log.warn("no release manifest in the folder names this program: only exact measurements of a policy allow it");
  return {
    format: source.format,
    collect: (reportData) => source.collect(reportData),
    releaseManifests: async () => {
      const { manifests, faults } = await manifestsIn(folder).catch(asFault);
      for (const error of faults) log.warn("a release manifest can't be read and isn't shown", { error });
      return ownManifests(manifests, source, program);
    },
  };
}

interface ReadManifest {
  readonly note: Uint8Array;
  readonly manifest: ReleaseManifest;
}

interface ManifestsFound {
  readonly manifests: readonly ReadManifest[];
  readonly faults: readonly ServiceError[];
}

async function manifestsIn(folder: string): Promise<ManifestsFound> {
  const entries = await readdir(folder).catch((error: unknown) => {
    throw invalid(folder, `it can't be read (${codeOf(error)})`);
  });
  const names = entries.filter((name) => name.endsWith(".note")).toSorted();
  if (names.length > MAX_FILES)
    throw invalid(folder, `it holds more than ${MAX_FILES} manifests: remove those of before`);
  const read = await Promise.all(names.map((name) => readManifest(join(folder, name)).catch(asServiceError)));
  return {
    manifests: read.flatMap((one) => (one instanceof ServiceError ? [] : [one])),
    faults: read.flatMap((one) => (one instanceof ServiceError ? [one] : [])),
  };
}

async function readManifest(path: string): Promise<ReadManifest> {
  const note = await firstBytes(path).catch((error: unknown) => {
    throw invalid(path, `it can't be read (${codeOf(error)})`);
  });
  try {
    return { note, manifest: readUnverifiedManifest(note) };
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause;
    throw invalid(path, `it is no release manifest (${cause.code}); \`cloister release show\` says what it is`);
  }
}

/** One more than a manifest may have, so that a longer one is noticed and no file is read whole. */
async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const buffer = new Uint8Array(MAX_MANIFEST_BYTES + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.slice(0, bytesRead);
  } finally {
    await file.close();
  }
}

function ownManifests(
  manifests: readonly ReadManifest[],
  { format }: EvidenceSource,
  { role, measurement, configurationDigest }: OwnProgram,
): Uint8Array[] {
  const isOwn = ({ manifest }: ReadManifest): boolean =>
    manifest.role === role &&
    manifest.measurements[format]?.some(
      (named) => isSame(named.measurement, measurement) && isSame(named.configurationDigest, configurationDigest),
    ) === true;
  return manifests
    .filter(isOwn)
    .toSorted((a, b) => b.manifest.notAfterMs - a.manifest.notAfterMs)
    .slice(0, MAX_MANIFESTS)
    .map(({ note }) => note);
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}

function asFault(error: unknown): ManifestsFound {
  return { manifests: [], faults: [asServiceError(error)] };
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const invalid = (path: string, what: string): ServiceError =>
  new ServiceError("CONFIG_INVALID", `CLOISTER_RELEASE_MANIFESTS_FOLDER, ${path}: ${what}.`);
