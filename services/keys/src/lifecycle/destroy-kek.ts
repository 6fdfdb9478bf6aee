import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { signKekReceipt } from "@cloister/audit";
import {
  DestroyKekResponseSchema,
  type DestroyKekRequest,
  type DestroyKekResponse,
} from "@cloister/contracts/keys/authority";
import { deriveTenantId, EnvelopeError, hpkeOpen, parseTenantId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  kmsCredentialAad,
  kmsCredentialInfo,
  noteSigner,
  verifyKekDestruction,
  type KekDestruction,
  type NoteSigner,
} from "@cloister/policy";
import type { TenantInForce } from "../authority/policy-book.ts";
import { requireServed } from "../authority/custody.ts";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { kekOf, type DestroyedKek, type Kek, type KeyWrapper } from "../kms/key-wrapper.ts";
import { requireKindFor, type KmsCredential } from "../kms/kms-credential.ts";
import { KmsError, kmsError } from "../kms/kms-errors.ts";
import { refusing, requireBytes } from "../refusals.ts";
import { LEASE_MS } from "../release/release-keys.ts";
import type { Challenges } from "../unlock/challenges.ts";
import { refusingOrder, requireNotAhead, rootsOf, unlockedBy } from "../unlock/unlocks.ts";

const MAX_SEALED_BYTES = 32 * 1024;
const NOTHING = new Uint8Array(32);

/** Has tenants' KEKs destroyed by the tenants' own order: a signature over a challenge of this very process. */
export class KekDestructions {
  readonly #parts: KeysParts;
  readonly #challenges: Challenges;
  readonly #endLeases: (tenantId: Uint8Array) => void;

  /** `endLeases`: instances are not to use what was released before. */
  constructor(parts: KeysParts, challenges: Challenges, endLeases: (tenantId: Uint8Array) => void) {
    this.#parts = parts;
    this.#challenges = challenges;
    this.#endLeases = endLeases;
  }

  /**
   * The KMS' refusal is an answer, with its code; then nothing has changed. Done, it is receipted by the issuer key, which
   * nobody has any more from then on.
   * @throws KeysError MALFORMED, TENANT_UNKNOWN; REQUEST_EXPIRED as for an unlock; SIGNATURE_INVALID unless the tenant's
   * root, or whom its policy delegates `destroy-kek` to, has signed it; POLICY_FOREIGN for a root that stepped down;
   * POLICY_STALE when the order names another key than the newest policy; KMS_UNAVAILABLE, KEYS_LOCKED when the issuer
   * key can't be had to sign a receipt
   */
  async destroy(request: DestroyKekRequest): Promise<DestroyKekResponse> {
    requireBytes(request.genesisRoot, 32);
    if (request.sealed.length > MAX_SEALED_BYTES) throw new KeysError("MALFORMED", "A sealed credential is too long.");
    const tenantId = deriveTenantId(request.genesisRoot);
    requireServed(this.#parts, tenantId);
    const inForce = await this.#parts.policies.newest(tenantId);
    const order = verified(request, tenantId, inForce);
    requireNotAhead(order, this.#parts.clock.nowMs());
    this.#challenges.use(order.challenge);
    const credential = this.#opened(request, order);
    const { issuer } = await this.#parts.tenantKeys.open(inForce);
    const kek = kekOf(inForce.policy);
    const done = await this.#destroyed(kek, credential);
    if (typeof done === "string") return create(DestroyKekResponseSchema, { tenantId, kmsOutcome: done });
    this.#parts.log.warn("a tenant had its KEK destroyed", { tenantId: Buffer.from(tenantId).toString("hex") });
    const refusedSince = await this.#parts.tenantKeys.refusalNow(inForce);
    // A KMS that says yes and goes on unwrapping has destroyed nothing.
    const receipt = refusedSince === undefined ? undefined : this.#receipt(kek, done, refusedSince, noteSigner(issuer));
    this.#parts.tenantKeys.forget(tenantId);
    this.#endLeases(tenantId);
    if (receipt === undefined) {
      return create(DestroyKekResponseSchema, { tenantId, kmsOutcome: "KMS_ANSWER_MALFORMED" });
    }
    return create(DestroyKekResponseSchema, { tenantId, receipt });
  }

  #opened({ sealed, statement }: DestroyKekRequest, order: KekDestruction): KmsCredential | undefined {
    const { tenantId, challenge, commitment, issuedAtMs } = order;
    if (sealed.length === 0 && Buffer.compare(commitment, NOTHING) === 0) return undefined;
    try {
      const { kem } = this.#parts.identity;
      const text = hpkeOpen(nodeBackend, kem, kmsCredentialInfo(), kmsCredentialAad(tenantId, challenge), sealed);
      const { credential } = unlockedBy({ statement, issuedAtMs }, text, commitment);
      text.fill(0);
      return credential;
    } catch (cause) {
      if (!(cause instanceof EnvelopeError)) throw cause;
      throw new KeysError("MALFORMED", "A tenant's credential was sealed to another start of keys.", { cause });
    }
  }

  /** What the KMS says to it; the code of its refusal. */
  async #destroyed(kek: Kek, credential: KmsCredential | undefined): Promise<DestroyedKek | string> {
    let wrapper: KeyWrapper | undefined;
    try {
      wrapper = credential && (await this.#openWith(kek, credential));
      return await (wrapper ?? this.#parts.kms).destroy(kek);
    } catch (error) {
      if (error instanceof KmsError) return error.code;
      throw error;
    } finally {
      await wrapper?.close?.();
    }
  }

  #openWith({ provider }: Kek, credential: KmsCredential): Promise<KeyWrapper> {
    requireKindFor(provider, credential);
    const { openWithCredential } = this.#parts;
    if (openWithCredential === undefined) throw kmsError("KMS_NOT_CONFIGURED", provider);
    return openWithCredential(provider, credential);
  }

  #receipt(kek: Kek, done: DestroyedKek, refusedSince: string, issuer: NoteSigner): Uint8Array {
    const { clock, tenantKeys } = this.#parts;
    const destroyedAtMs = clock.nowMs();
    return refusing(() =>
      signKekReceipt(
        {
          id: randomBytes(16),
          tenantId: parseTenantId(kek.tenantId),
          provider: kek.provider,
          keyRef: kek.keyRef,
          destroyedAtMs,
          windowEndsAtMs: done.destroys === "after-window" ? done.goneAtMs : null,
          refusedSince,
          // Another instance of keys may have unwrapped a moment ago, and an instance of a service got a key of it last.
          leasesLapseAtMs: destroyedAtMs + tenantKeys.leaseMs + LEASE_MS,
        },
        issuer,
      ),
    );
  }
}

function verified(request: DestroyKekRequest, tenantId: Uint8Array, inForce: TenantInForce): KekDestruction {
  const { delegates, kms } = inForce.policy;
  const order = refusingOrder(() =>
    verifyKekDestruction(request.statement, { tenantId, roots: rootsOf(request, tenantId, inForce), delegates }),
  );
  if (order.provider === kms.provider && order.keyRef === kms.keyRef) return order;
  throw new KeysError(
    "POLICY_STALE",
    "The order names another KEK than the tenant's newest policy: sign it for that one.",
  );
}
