import type { KeyRequest } from "@cloister/contracts/keys/release";
import {
  bucketEndMs as bucketEndOf,
  bucketWidthMs,
  classOfPurpose,
  purposeFromWire,
  purposesOfRole,
  type Policy,
  type Purpose,
} from "@cloister/policy";
import { KeysError } from "../errors.ts";
import { obtainBucketKey, openBucketKey } from "../hierarchy/bucket-key-store.ts";
import { openSecret } from "../hierarchy/conversation-keys.ts";
import { deriveInboundSeed, derivePurposeKey } from "../hierarchy/derive.ts";
import type { KeysParts } from "../keys.parts.ts";
import type { BucketKeyName } from "../records/bucket-keys.ts";
import type { ConversationSecretRow } from "../records/tables.ts";
import { refusing } from "../refusals.ts";
import type { LoadedConversation } from "./load-conversations.ts";
import type { AdmittedTenant } from "./release-call.ts";
import type { ReleaseRole } from "./sessions.ts";

/** How far a client's clock may run ahead of ours. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * The 32 bytes an instance is given: the seed of the inbound pair, or the conversation's purpose key of that bucket.
 * @throws KeysError PURPOSE_NOT_ALLOWED by role; KEY_DESTROYED; KEY_EXPIRED by our own clock; BUCKET_INVALID for a
 * bucket that this conversation can't have; POLICY_STALE for one that only an older policy would give; KEY_CORRUPT
 */
export async function purposeKey(
  parts: KeysParts,
  input: {
    readonly role: ReleaseRole;
    readonly tenant: AdmittedTenant;
    readonly conversation: LoadedConversation;
    readonly request: KeyRequest;
  },
): Promise<Uint8Array> {
  const { role, tenant, conversation, request } = input;
  const purpose = refusing(() => purposeFromWire(request.purpose));
  if (purposesOfRole[role][purpose] === undefined) {
    throw new KeysError("PURPOSE_NOT_ALLOWED", `The role ${role} is not given keys for ${purpose}.`);
  }
  const { name } = conversation;
  const bucket = { tenantId: name.tenantId, purpose, bucketEndMs: Number(request.bucketEndMs) };
  const secretRow = requireAlive(conversation);
  const secret = openSecret(parts, tenant.keys, name, secretRow);
  try {
    const bucketKey = await bucketKeyFor(parts, tenant, bucket, secretRow.not_after_ms);
    const key = derivePurposeKey(bucketKey, secret, { ...name, ...bucket });
    bucketKey.fill(0);
    return purpose === "inbound" ? deriveInboundSeed(key) : key;
  } finally {
    secret.fill(0);
  }
}

function requireAlive({ secret, isBuried }: LoadedConversation): ConversationSecretRow {
  if (secret !== undefined && !isBuried) return secret;
  throw new KeysError("KEY_DESTROYED", "The conversation's secret was destroyed.");
}

async function bucketKeyFor(
  parts: KeysParts,
  { keys, policy }: AdmittedTenant,
  bucket: BucketKeyName,
  secretNotAfterMs: number,
): Promise<Buffer> {
  if (bucket.bucketEndMs > secretNotAfterMs) {
    throw new KeysError("BUCKET_INVALID", "The bucket ends after all that this conversation may use.");
  }
  const standing = await openBucketKey(parts, keys, bucket);
  if (standing !== undefined) return standing;
  // Inbound keys are made where statements are made: nobody can have sealed to another.
  if (bucket.purpose === "inbound")
    throw new KeysError("BUCKET_INVALID", "No inbound key of this bucket was given out.");
  requireBucketOf(policy, bucket.purpose, bucket.bucketEndMs, parts.clock.nowMs());
  return obtainBucketKey(parts, keys, bucket);
}

function requireBucketOf(policy: Policy, purpose: Purpose, bucketEndMs: number, nowMs: number): void {
  const { periodMs } = policy.periods[classOfPurpose(purpose)];
  if (bucketEndMs > bucketEndOf(periodMs, nowMs + CLOCK_SKEW_MS) || bucketEndMs % bucketWidthMs(periodMs) !== 0) {
    throw new KeysError("POLICY_STALE", "The tenant's newest policy gives no bucket that ends then.");
  }
}
