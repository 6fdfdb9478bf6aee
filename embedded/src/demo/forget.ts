import { embeddedCapabilities } from "@cloister/policy";
import { LocalKeyring, startKeys } from "@cloister/service-keys";
import { systemClock } from "@cloister/service";
import type { PurgeJob, RetentionStatus } from "@cloister/service-retention";
import { openDatabase, type Database } from "@cloister/storage";
import { sql } from "kysely";
import { attestInstances } from "../attested-instances.ts";
import type { DataFolder } from "../data-folder.ts";
import type { EmbeddedCloister } from "../start-embedded.ts";
import { tryToOpen, type Attempt } from "./attempts.ts";
import type { CapturedLogs } from "./captured-logs.ts";
import type { CopiedEnvelope } from "./operator-copy.ts";

/** Asks retention over its own door, as an SRE would. */
export async function purge({ retention }: EmbeddedCloister): Promise<PurgeJob[]> {
  const { purges } = await asked<{ purges: PurgeJob[] }>(retention, "POST", "/v1/retention/run");
  return purges;
}

export function retentionStatus({ retention }: EmbeddedCloister): Promise<RetentionStatus> {
  return asked(retention, "GET", "/v1/retention/status");
}

async function asked<T>(
  { address, accessToken }: EmbeddedCloister["retention"],
  method: "GET" | "POST",
  path: string,
): Promise<T> {
  const response = await fetch(`${address ?? ""}${path}`, {
    method,
    headers: { authorization: `Bearer ${accessToken.reveal()}` },
  });
  if (!response.ok) throw new Error(`retention answered ${String(response.status)} to ${method} ${path}`);
  // Our own service in the same process answered.
  return (await response.json()) as T;
}

/** The wrapped keys that `keys` holds now, as bytes to look for in its files later. */
export async function wrappedKeys(db: Database): Promise<Uint8Array[]> {
  const { rows } = await sql<{ wrapped: Uint8Array }>`
    select wrapped from keys.bucket_key union all select wrapped from keys.conversation_secret`.execute(db.kysely);
  return rows.map(({ wrapped }) => Uint8Array.from(wrapped));
}

/**
 * The operator's best move: a second `keys` on all that is left of its database, with the KEKs, genuine evidence and a
 * clock that was never moved on.
 */
export async function tryWithOwnKeys(
  cloister: EmbeddedCloister,
  folder: DataFolder,
  logs: CapturedLogs,
  copies: readonly CopiedEnvelope[],
): Promise<Attempt> {
  const { credentials, keysDatabase } = cloister;
  const instances = await attestInstances(folder.simulatedRootFile, systemClock, { runtime: "extractive" });
  const db = await openDatabase({ engine: "pglite", snapshot: await dumpOf(keysDatabase) });
  const { evidence, verifiers, configurationDigest } = instances.machines.keys;
  const keys = await startKeys(
    {
      grpc: { host: "127.0.0.1", port: 0 },
      credentials,
      configurationDigest,
      simulatedRoots: [instances.simulatedRoot],
      allowDevelopment: true,
      capabilities: embeddedCapabilities,
    },
    {
      db,
      keyWrapper: await LocalKeyring.open(folder.keyringFile),
      evidence,
      verifiers,
      clock: systemClock,
      log: logs.logOf("keys of the operator"),
    },
  );
  try {
    const { connectUrl: url } = keys;
    const who = "the operator, with its own keys service on what is left and the clock set back";
    return await tryToOpen({ who, url, releaseToken: credentials.release, instances, clock: systemClock }, copies);
  } finally {
    await keys.close();
    await db.close();
  }
}

async function dumpOf({ pglite }: Database): Promise<Blob> {
  if (pglite === null) throw new Error("only the embedded database can be dumped here");
  return pglite.dumpDataDir("none");
}
