import { idToHex } from "@cloister/envelope";
import { bucketEndMs as bucketEndOf, bucketWidthMs, classOfPurpose, type Policy } from "@cloister/policy";
import { KeysError } from "../errors.ts";
import { obtainBucketKey, openBucketKey } from "../hierarchy/bucket-key-store.ts";
import type { KeysParts } from "../keys.parts.ts";
import type { BucketKeyName } from "../records/bucket-keys.ts";
import type { AdmittedTenant } from "./release-call.ts";

/** How far a client's clock may run ahead of ours. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** The bucket keys that one call needs, each read and unwrapped once: many conversations share a bucket. */
export class BucketKeysOfCall {
  readonly #parts: KeysParts;
  readonly #keys = new Map<string, Promise<Buffer>>();

  constructor(parts: KeysParts) {
    this.#parts = parts;
  }

  /**
   * 32 bytes, that stay this object's.
   * @throws KeysError KEY_DESTROYED, KEY_EXPIRED, KEY_CORRUPT; BUCKET_INVALID for an inbound key that no statement gave
   * out; POLICY_STALE for a new bucket that the policy in force doesn't have
   */
  get(tenant: AdmittedTenant, bucket: BucketKeyName): Promise<Buffer> {
    const text = `${idToHex(bucket.tenantId)}/${bucket.purpose}/${String(bucket.bucketEndMs)}`;
    const known = this.#keys.get(text);
    if (known !== undefined) return known;
    const key = this.#obtain(tenant, bucket);
    this.#keys.set(text, key);
    return key;
  }

  destroy(): void {
    for (const key of this.#keys.values()) {
      key.then(
        (bytes) => bytes.fill(0),
        () => undefined,
      );
    }
    this.#keys.clear();
  }

  async #obtain({ keys, policy }: AdmittedTenant, bucket: BucketKeyName): Promise<Buffer> {
    const standing = await openBucketKey(this.#parts, keys, bucket);
    if (standing !== undefined) return standing;
    // Inbound keys are made where statements are made: nobody can have sealed to another.
    if (bucket.purpose === "inbound") {
      throw new KeysError("BUCKET_INVALID", "No inbound key of this bucket was given out.");
    }
    requireBucketOf(policy, bucket, this.#parts.clock.nowMs());
    return obtainBucketKey(this.#parts, keys, bucket);
  }
}

function requireBucketOf(policy: Policy, { purpose, bucketEndMs }: BucketKeyName, nowMs: number): void {
  const { periodMs } = policy.periods[classOfPurpose(purpose)];
  if (bucketEndMs > bucketEndOf(periodMs, nowMs + CLOCK_SKEW_MS) || bucketEndMs % bucketWidthMs(periodMs) !== 0) {
    throw new KeysError("POLICY_STALE", "The tenant's newest policy gives no bucket that ends then.");
  }
}
