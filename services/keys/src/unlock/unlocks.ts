import { timingSafeEqual } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  BeginUnlockResponseSchema,
  UnlockResponseSchema,
  type BeginUnlockRequest,
  type BeginUnlockResponse,
  type UnlockRequest,
  type UnlockResponse,
} from "@cloister/contracts/keys/authority";
import { MAX_CLOCK_SKEW_MS } from "@cloister/attestation";
import { deriveTenantId, EnvelopeError, hpkeOpen, idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  kmsCredentialAad,
  kmsCredentialCommitment,
  kmsCredentialInfo,
  verifyKmsUnlock,
  verifyRoots,
  type KmsUnlock,
} from "@cloister/policy";
import type { TenantInForce } from "../authority/policy-book.ts";
import { requireServed } from "../authority/custody.ts";
import type { Challenges } from "./challenges.ts";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { parseKmsCredential } from "../kms/kms-credential.ts";
import { KmsError } from "../kms/kms-errors.ts";
import { refusing, requireBytes } from "../refusals.ts";
import type { Unlocked } from "./unlocked-tenants.ts";

const SALT_BYTES = 32;
const MAX_SEALED_BYTES = 32 * 1024;
const NOT_ASKED = "NOT_ASKED";

/**
 * Takes tenants' credentials for their KMS. Whoever carries one is trusted for nothing: it is sealed to a key that the
 * evidence of this very process binds, the tenant has signed for it, and a challenge is good for one delivery.
 */
export class Unlocks {
  readonly #parts: KeysParts;
  readonly #endLeases: (tenantId: Uint8Array) => void;
  readonly #challenges: Challenges;

  /** `endLeases`: instances are not to use what was released before a lock. */
  constructor(parts: KeysParts, challenges: Challenges, endLeases: (tenantId: Uint8Array) => void) {
    this.#parts = parts;
    this.#challenges = challenges;
    this.#endLeases = endLeases;
  }

  /** @throws KeysError MALFORMED, TENANT_UNKNOWN where another tenant runs `keys` for itself */
  async begin({ tenantId, nonce }: BeginUnlockRequest): Promise<BeginUnlockResponse> {
    requireBytes(tenantId, 16);
    requireBytes(nonce, 32);
    requireServed(this.#parts, tenantId);
    const keysEvidence = await this.#parts.identity.prove(nonce);
    return create(BeginUnlockResponseSchema, { keysEvidence, challenge: this.#challenges.give() });
  }

  /**
   * @throws KeysError REQUEST_EXPIRED unless it is over a challenge of this process that was not used, and not dated
   * ahead; SIGNATURE_INVALID
   * unless the tenant's root, or whom its policy delegates it to, has signed it; MALFORMED for what doesn't open or is
   * no credential; POLICY_FOREIGN for a root that stepped down; UNLOCKS_FULL for one tenant more than are kept
   */
  async unlock(request: UnlockRequest): Promise<UnlockResponse> {
    requireBytes(request.genesisRoot, 32);
    if (request.sealed.length > MAX_SEALED_BYTES) throw new KeysError("MALFORMED", "A sealed credential is too long.");
    const tenantId = deriveTenantId(request.genesisRoot);
    requireServed(this.#parts, tenantId);
    const inForce = await this.#inForce(tenantId);
    const statement = verified(request, tenantId, inForce);
    requireNotAhead(statement, this.#parts.clock.nowMs());
    this.#challenges.use(statement.challenge);
    const isNew = this.#parts.unlocked.put(idToHex(tenantId), this.#opened(request, statement), {
      hasPolicy: inForce !== undefined,
    });
    if (!isNew) throw new KeysError("REQUEST_EXPIRED", "A newer word of the tenant's is known: sign a new one.");
    this.changed(tenantId, statement.action);
    this.#parts.log.info(statement.action === "lock" ? "a tenant locked keys" : "a tenant unlocked keys", {
      tenantId: idToHex(tenantId),
    });
    const kmsOutcome = statement.action === "lock" ? NOT_ASKED : await this.#tried(inForce);
    return create(UnlockResponseSchema, { tenantId, kmsOutcome });
  }

  /** After another word of a tenant's: the KMS is asked with it, or nothing is held any more. */
  changed(tenantId: Uint8Array, action: KmsUnlock["action"]): void {
    this.#parts.credentialChanged(tenantId);
    this.#parts.tenantKeys.forget(tenantId);
    if (action === "lock") this.#endLeases(tenantId);
  }

  async #inForce(tenantId: Uint8Array): Promise<TenantInForce | undefined> {
    try {
      return await this.#parts.policies.newest(tenantId);
    } catch (error) {
      if (error instanceof KeysError && error.code === "TENANT_UNKNOWN") return undefined;
      throw error;
    }
  }

  #opened(request: UnlockRequest, statement: KmsUnlock): Unlocked {
    const { issuedAtMs, tenantId, challenge, commitment, action } = statement;
    const word = { statement: request.statement, issuedAtMs };
    if (action === "lock") return { ...word, sealedText: undefined, credential: undefined };
    const aad = kmsCredentialAad(tenantId, challenge);
    try {
      const { kem } = this.#parts.identity;
      return unlockedBy(word, hpkeOpen(nodeBackend, kem, kmsCredentialInfo(), aad, request.sealed), commitment);
    } catch (cause) {
      if (!(cause instanceof EnvelopeError)) throw cause;
      throw new KeysError("MALFORMED", "A tenant's credential was sealed to another start of keys.", { cause });
    }
  }

  async #tried(inForce: TenantInForce | undefined): Promise<string> {
    if (inForce === undefined) return NOT_ASKED;
    try {
      await this.#parts.tenantKeys.open(inForce);
      return "";
    } catch (error) {
      if (!(error instanceof KeysError)) throw error;
      return error.cause instanceof KmsError ? error.cause.code : error.code;
    }
  }
}

/**
 * The newest word of a tenant's counts: one from days ahead could not be taken back before they have passed.
 * @throws KeysError REQUEST_EXPIRED
 */
export function requireNotAhead({ issuedAtMs }: Pick<KmsUnlock, "issuedAtMs">, nowMs: number): void {
  if (issuedAtMs <= nowMs + MAX_CLOCK_SKEW_MS) return;
  throw new KeysError("REQUEST_EXPIRED", "A tenant's word is dated ahead: set the clock where it is signed.");
}

/**
 * A word with what came along, which has to be what the tenant signed for. Takes over `sealedText`.
 * @throws KeysError MALFORMED
 */
export function unlockedBy(
  word: Pick<Unlocked, "statement" | "issuedAtMs">,
  sealedText: Uint8Array,
  commitment: Uint8Array,
): Unlocked {
  const [salt, json] = [sealedText.subarray(0, SALT_BYTES), sealedText.subarray(SALT_BYTES)];
  const isTheirs = timingSafeEqual(kmsCredentialCommitment(salt, json), commitment);
  const credential = isTheirs ? parseKmsCredential(json) : undefined;
  if (credential !== undefined) return { ...word, sealedText, credential };
  sealedText.fill(0);
  throw new KeysError("MALFORMED", "What a tenant sealed to keys is no credential, or not the one that it signed for.");
}

function verified(request: UnlockRequest, tenantId: Uint8Array, inForce: TenantInForce | undefined): KmsUnlock {
  return refusingOrder(() => {
    const roots = rootsOf(request, tenantId, inForce);
    return verifyKmsUnlock(request.statement, { tenantId, roots, delegates: inForce?.policy.delegates ?? [] });
  });
}

/** A check of what a tenant signed for `keys`; its refusal becomes ours. @throws KeysError */
export function refusingOrder<T>(check: () => T): T {
  return refusing(check, { NOTE_MALFORMED: "MALFORMED", STATEMENT_MISMATCH: "SIGNATURE_INVALID" });
}

/**
 * The tenant's roots as an order names them: one that stepped down doesn't come back by a rotation that is left out.
 * @throws KeysError POLICY_FOREIGN; PolicyError of `verifyRoots`
 */
export function rootsOf(
  { genesisRoot, rootRotations: sent }: Pick<UnlockRequest, "genesisRoot" | "rootRotations">,
  tenantId: Uint8Array,
  inForce: TenantInForce | undefined,
): readonly Uint8Array[] {
  const known = inForce?.rootRotations ?? [];
  if (known.every((rotation, index) => Buffer.compare(rotation, sent[index] ?? Buffer.alloc(0)) === 0)) {
    return verifyRoots(tenantId, genesisRoot, sent);
  }
  throw new KeysError("POLICY_FOREIGN", "What a tenant signed leaves out a rotation of its root.");
}
