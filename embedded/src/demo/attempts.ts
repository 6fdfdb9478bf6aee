import { openEnvelope, Stage, EnvelopeError } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { Keyring, KeyringError, keysTransport, type KeyRequest } from "@cloister/keyring";
import type { Purpose } from "@cloister/policy";
import type { Clock } from "@cloister/service";
import type { AttestedInstances } from "../attested-instances.ts";
import { isForReaders, type CopiedEnvelope } from "./operator-copy.ts";

/** What came of trying to open every copied envelope with every key that `keys` will still give out. */
export interface Attempt {
  readonly who: string;
  readonly tried: number;
  readonly opened: number;
  /** How often each refusal was given. */
  readonly refusals: Readonly<Record<string, number>>;
}

const purposeOfStage: Partial<Record<Stage, { purpose: Purpose; role: AttestedReader }>> = {
  [Stage.INBOUND]: { purpose: "inbound", role: "redaction" },
  [Stage.REDACTED]: { purpose: "flow", role: "enclave-inference" },
  [Stage.MAP_ENTRY]: { purpose: "map", role: "redaction" },
  [Stage.TURN]: { purpose: "log", role: "enclave-inference" },
  [Stage.PASSAGE]: { purpose: "vector", role: "embedding" },
};

type AttestedReader = "redaction" | "enclave-inference" | "embedding";

/** How to reach `keys`, and the clock that the asking instance believes. */
export interface Asker {
  readonly who: string;
  readonly url: string;
  readonly releaseToken: string;
  readonly instances: AttestedInstances;
  readonly clock: Clock;
}

/** A genuine, attested instance of the role that could once read each envelope asks for its key and tries it. */
export async function tryToOpen(asker: Asker, copies: readonly CopiedEnvelope[]): Promise<Attempt> {
  const refusals: Record<string, number> = {};
  const keyrings = new Map<AttestedReader, Keyring>();
  let [tried, opened] = [0, 0];
  for (const copy of copies) {
    const reader = purposeOfStage[copy.header.stage];
    if (reader === undefined || isForReaders(copy)) continue;
    tried += 1;
    const keyring = keyrings.get(reader.role) ?? keyringOf(asker, reader.role);
    keyrings.set(reader.role, keyring);
    const outcome = await openWith(keyring, copy, reader.purpose);
    if (outcome === "opened") opened += 1;
    else refusals[outcome] = (refusals[outcome] ?? 0) + 1;
  }
  for (const keyring of keyrings.values()) keyring.close();
  return { who: asker.who, tried, opened, refusals };
}

function keyringOf({ url, releaseToken, instances, clock }: Asker, role: AttestedReader): Keyring {
  const transport = keysTransport({ url, credential: releaseToken });
  return new Keyring({ role, transport, ...instances.machines[role], allowDevelopment: true, clock });
}

async function openWith(keyring: Keyring, copy: CopiedEnvelope, purpose: Purpose): Promise<string> {
  const { tenantId, conversationId, expiresAtMs: bucketEndMs } = copy.header;
  const request: KeyRequest = { tenantId, conversationId, purpose, bucketEndMs };
  try {
    const lease = await keyring.lease([request]);
    const key = lease.openingKey(request);
    const signer = copy.header.stage === Stage.INBOUND ? lease.conversation(request).clientSigner : "none";
    // The operator lies about the time here: only the key may stand in the way.
    openEnvelope(nodeBackend, copy.bytes, { keys: [key], signer, nowMs: copy.header.createdAtMs });
    return "opened";
  } catch (error) {
    if (error instanceof KeyringError || error instanceof EnvelopeError) return error.code;
    throw error;
  }
}
