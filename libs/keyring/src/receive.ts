import {
  createKemPrivateKey,
  createWrapKey,
  EnvelopeError,
  idToHex,
  parseConversationId,
  parseTenantId,
  wrapKeyId,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { EvidenceVerifier } from "@cloister/attestation";
import { parseKeysErrorCode } from "@cloister/contracts/keys/errors";
import type { InstanceEvidence } from "@cloister/contracts/keys/authority";
import type { ReleasedKey, ReleasedKeys } from "@cloister/contracts/keys/release";
import { PolicyError, purposeFromWire } from "@cloister/policy";
import { verifyRecord, type ConversationRecord } from "./conversation-record.ts";
import { KeyringError } from "./errors.ts";
import { conversationText, requestText, type KeyRequest } from "./key-request.ts";
import type { Lease } from "./lease-store.ts";
import type { LeasedKey } from "./leased-keys.ts";
import { isVerified, verifyTenant, type SeenOfTenant, type TenantTrust } from "./tenant-trust.ts";
import { TransformKey } from "./transform-key.ts";

export interface ReceiveInput {
  readonly released: ReleasedKeys;
  /** When the call began, on the monotonic clock: the lease counts from there. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly verifiers: readonly EvidenceVerifier[];
  readonly allowDevelopment: boolean;
  readonly keysEvidence: InstanceEvidence;
  readonly nonce: Uint8Array;
  /** By tenant in hex; read, and raised by what is verified. */
  readonly seenOfTenants: Map<string, SeenOfTenant>;
  /** The handle that is held under a name: the same key renewed keeps its handle and its use budget. */
  readonly heldKey: (name: string) => LeasedKey | undefined;
  readonly heldTransform: (name: string) => TransformKey | undefined;
  readonly heldTenant: (name: string) => TenantTrust | undefined;
  readonly heldConversation: (name: string) => ConversationRecord | undefined;
}

type Outcome<Value> = Lease<Value> | KeyringError;

export interface Received {
  readonly keys: ReadonlyMap<string, Outcome<LeasedKey>>;
  /** By the name of the `vector` key that each is made of. */
  readonly transforms: ReadonlyMap<string, Lease<TransformKey>>;
  readonly conversations: ReadonlyMap<string, Outcome<ConversationRecord>>;
  readonly tenants: ReadonlyMap<string, Outcome<TenantTrust>>;
}

/** A lease is short, so one holder needs few of the 2^28 wraps that all holders of a key share. */
const WRAPS_PER_LEASE = 2 ** 20;
const NO_EXPIRY = Number.MAX_SAFE_INTEGER;

/**
 * From what `keys` sent to what may be used: tenants first, then conversations under them, then keys of those.
 * @throws KeyringError KEYS_NOT_TRUSTED when what names or holds a key can't be that
 */
export async function receive(input: ReceiveInput): Promise<Received> {
  try {
    const tenants = await receiveTenants(input);
    const conversations = receiveConversations(input, tenants);
    return { tenants, conversations, ...receiveKeys(input, conversations) };
  } catch (cause) {
    if (!(cause instanceof EnvelopeError || cause instanceof PolicyError)) throw cause;
    throw new KeyringError("KEYS_NOT_TRUSTED", "What was released is of another form than keys are.", { cause });
  }
}

async function receiveTenants(input: ReceiveInput): Promise<Map<string, Outcome<TenantTrust>>> {
  const tenants = new Map<string, Outcome<TenantTrust>>();
  for (const record of input.released.tenants) {
    const name = idToHex(record.tenantId);
    const outcome = await attemptLater(async () => {
      if (record.refusal !== "") throw refusalOf(record.refusal);
      const held = input.heldTenant(name);
      const trust =
        held !== undefined && isVerified(held, { ...input, record })
          ? held
          : await verifyTenant({ ...input, record, seen: input.seenOfTenants.get(name) });
      const { policy, roots } = trust.chain;
      input.seenOfTenants.set(name, { policyVersion: policy.version, roots });
      return leaseOf(input, trust, trust.chain.policy.expiresAtMs);
    });
    tenants.set(name, outcome);
  }
  return tenants;
}

function receiveConversations(
  input: ReceiveInput,
  tenants: ReadonlyMap<string, Outcome<TenantTrust>>,
): Map<string, Outcome<ConversationRecord>> {
  const conversations = new Map<string, Outcome<ConversationRecord>>();
  for (const record of input.released.conversations) {
    const name = conversationText(record);
    const outcome = attempt(() => {
      if (record.refusal !== "") throw refusalOf(record.refusal);
      const { chain } = required(tenants.get(idToHex(record.tenantId))).value;
      return leaseOf(input, verifyRecord(record, chain, input.heldConversation(name)), NO_EXPIRY);
    });
    conversations.set(name, outcome);
  }
  return conversations;
}

function receiveKeys(
  input: ReceiveInput,
  conversations: ReadonlyMap<string, Outcome<ConversationRecord>>,
): Pick<Received, "keys" | "transforms"> {
  const keys = new Map<string, Outcome<LeasedKey>>();
  const transforms = new Map<string, Lease<TransformKey>>();
  for (const released of input.released.keys) {
    const request = requestOf(released);
    const outcome = attempt(() => {
      const { result } = released;
      if (result.case !== "key") throw refusalOf(result.value ?? "");
      required(conversations.get(conversationText(request)));
      const name = requestText(request);
      const key = input.heldKey(name) ?? handleOf(request, result.value);
      if (request.purpose === "vector") {
        const transform = input.heldTransform(name) ?? new TransformKey(result.value);
        transforms.set(name, leaseOf(input, transform, request.bucketEndMs));
      }
      result.value.fill(0);
      return leaseOf(input, key, request.bucketEndMs);
    });
    keys.set(requestText(request), outcome);
  }
  return { keys, transforms };
}

function requestOf({ request }: ReleasedKey): KeyRequest {
  if (request === undefined) throw new KeyringError("KEYS_NOT_TRUSTED", "A released key doesn't say which it is.");
  const { tenantId, conversationId, purpose, bucketEndMs } = request;
  return { tenantId, conversationId, purpose: purposeFromWire(purpose), bucketEndMs: Number(bucketEndMs) };
}

function handleOf(request: KeyRequest, key: Uint8Array): LeasedKey {
  if (request.purpose === "inbound") return createKemPrivateKey(nodeBackend, key);
  const keyId = wrapKeyId({
    ...request,
    tenantId: parseTenantId(request.tenantId),
    conversationId: parseConversationId(request.conversationId),
  });
  return createWrapKey(nodeBackend, { key, keyId, wrapBudget: WRAPS_PER_LEASE });
}

function leaseOf<Value>(input: ReceiveInput, value: Value, notAfterMs: number): Lease<Value> {
  return { value, endsAtMs: input.startedAtMs + input.released.leaseMs, notAfterMs };
}

async function attemptLater<Value>(work: () => Promise<Lease<Value>>): Promise<Outcome<Value>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyringError) return error;
    throw error;
  }
}

function attempt<Value>(work: () => Lease<Value>): Outcome<Value> {
  try {
    return work();
  } catch (error) {
    if (error instanceof KeyringError) return error;
    throw error;
  }
}

/** A code that this build doesn't know is no reason to try for ever, nor to give up: the tenant's records wait. */
function refusalOf(text: string): KeyringError {
  const code = parseKeysErrorCode(text) ?? "CHAIN_INVALID";
  return new KeyringError(code, `The keys service refused: ${code}.`);
}

function required<Value>(outcome: Outcome<Value> | undefined): Lease<Value> {
  if (outcome === undefined)
    throw new KeyringError("KEYS_NOT_TRUSTED", "Keys came without their conversation or tenant.");
  if (outcome instanceof KeyringError) throw outcome;
  return outcome;
}
