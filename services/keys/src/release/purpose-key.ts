import type { KeyRequest } from "@cloister/contracts/keys/release";
import { purposeFromWire, purposesOfRole, type Purpose } from "@cloister/policy";
import { KeysError } from "../errors.ts";
import { openSecret } from "../hierarchy/conversation-keys.ts";
import { deriveInboundSeed, derivePurposeKey } from "../hierarchy/derive.ts";
import type { KeysParts } from "../keys.parts.ts";
import type { ConversationSecretRow } from "../records/tables.ts";
import { refusing } from "../refusals.ts";
import type { BucketKeysOfCall } from "./bucket-keys-of-call.ts";
import type { LoadedConversation } from "./load-conversations.ts";
import type { AdmittedTenant } from "./release-call.ts";
import type { ReleaseRole } from "./sessions.ts";

export interface PurposeKeyInput {
  readonly purpose: Purpose;
  readonly tenant: AdmittedTenant;
  readonly conversation: LoadedConversation;
  readonly bucketEndMs: number;
  readonly bucketKeys: BucketKeysOfCall;
}

/**
 * What the request asks for, if the table of roles and purposes gives it to this role.
 * @throws KeysError PURPOSE_NOT_ALLOWED
 */
export function allowedPurpose(role: ReleaseRole, request: KeyRequest): Purpose {
  const purpose = refusing(() => purposeFromWire(request.purpose));
  if (purposesOfRole[role][purpose] !== undefined) return purpose;
  throw new KeysError("PURPOSE_NOT_ALLOWED", `The role ${role} is not given keys for ${purpose}.`);
}

/**
 * The 32 bytes an instance is given: the seed of the inbound pair, or the conversation's purpose key of that bucket.
 * @throws KeysError KEY_DESTROYED; KEY_EXPIRED by our own clock; BUCKET_INVALID for a bucket that this conversation
 * can't have; POLICY_STALE for one that only an older policy would give; KEY_CORRUPT
 */
export async function purposeKey(parts: KeysParts, input: PurposeKeyInput): Promise<Uint8Array> {
  const { purpose, tenant, conversation, bucketEndMs, bucketKeys } = input;
  const { name } = conversation;
  const secretRow = requireAlive(conversation);
  const secret = openSecret(parts, tenant.keys, name, secretRow);
  try {
    if (bucketEndMs > secretRow.not_after_ms) {
      throw new KeysError("BUCKET_INVALID", "The bucket ends after all that this conversation may use.");
    }
    const bucketKey = await bucketKeys.get(tenant, { tenantId: name.tenantId, purpose, bucketEndMs });
    const key = derivePurposeKey(bucketKey, secret, { ...name, purpose, bucketEndMs });
    return purpose === "inbound" ? deriveInboundSeed(key) : key;
  } finally {
    secret.fill(0);
  }
}

function requireAlive({ secret, isBuried }: LoadedConversation): ConversationSecretRow {
  if (secret !== undefined && !isBuried) return secret;
  throw new KeysError("KEY_DESTROYED", "The conversation's secret was destroyed.");
}
