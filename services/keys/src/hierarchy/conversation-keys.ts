import { createKemPrivateKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { inboundWindow, type InboundWindow, type Policy } from "@cloister/policy";
import { latestBucketEnd } from "@cloister/keyring";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import type { ConversationName } from "@cloister/keyring";
import type { ConversationSecretRow } from "../records/tables.ts";
import { obtainBucketKey } from "./bucket-key-store.ts";
import { deriveInboundSeed, derivePurposeKey } from "./derive.ts";
import type { RowName } from "./row-wrap.ts";
import type { TenantKeys } from "./tenant-keys.ts";

/** What a statement says of the conversation's inbound key, and until when its secret has to live for it. */
export interface InboundKey extends InboundWindow {
  /** X-Wing, 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** The latest bucket that a message sealed within the window can bring. */
  readonly secretNotAfterMs: number;
}

/** The inbound key for what is sealed from `issuedAtMs` on. Makes the bucket's key when there is none. */
export async function inboundKey(
  parts: KeysParts,
  keys: TenantKeys,
  input: {
    readonly name: ConversationName;
    readonly policy: Policy;
    readonly secret: Uint8Array;
    readonly issuedAtMs: number;
  },
): Promise<InboundKey> {
  const { name, policy, secret, issuedAtMs } = input;
  const window = inboundWindow(policy.periods.flow.periodMs, issuedAtMs);
  const bucket = { tenantId: name.tenantId, purpose: "inbound", bucketEndMs: window.bucketEndMs } as const;
  const bucketKey = await obtainBucketKey(parts, keys, bucket);
  const purposeKey = derivePurposeKey(bucketKey, secret, { ...name, ...bucket });
  const seed = deriveInboundSeed(purposeKey);
  const pair = createKemPrivateKey(nodeBackend, seed);
  for (const used of [bucketKey, purposeKey, seed]) used.fill(0);
  const publicKey = pair.publicKeyBytes;
  pair.destroy();
  const secretNotAfterMs = Math.max(window.bucketEndMs, latestBucketEnd(policy, window.sealUntilMs));
  return { ...window, publicKey, secretNotAfterMs };
}

export function secretName({ tenantId, conversationId }: ConversationName, notAfterMs: number): RowName {
  return { kind: "conversation-secret", tenantId, conversationId, notAfterMs };
}

/**
 * The conversation's secret, 32 bytes for the caller to erase.
 * @throws KeysError KEY_EXPIRED past its not_after by our own clock, whatever rows there are; KEY_CORRUPT
 */
export function openSecret(
  parts: Pick<KeysParts, "clock">,
  keys: TenantKeys,
  name: ConversationName,
  row: ConversationSecretRow,
): Buffer {
  const secret = keys.unwrap(secretName(name, row.not_after_ms), row.wrapped);
  if (parts.clock.nowMs() < row.not_after_ms) return secret;
  secret.fill(0);
  throw new KeysError("KEY_EXPIRED", "The conversation's last bucket has ended.");
}
