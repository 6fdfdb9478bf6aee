import { equalBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as z from "zod/mini";
import { lengthPrefixed } from "@cloister/attestation";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { digest256, tenantIdField, timeMs } from "../fields.ts";
import { noteKeyName } from "../key-names.ts";
import type { Policy } from "../policy.ts";
import { openStatement, signStatement, statementFormat } from "../statement.ts";

const schema = z.strictObject({
  tenantId: tenantIdField,
  /** `unlock`: use this credential at the tenant's KMS. `lock`: forget the one that there is. */
  action: z.enum(["unlock", "lock"]),
  /** What the instance of `keys` gave for this one delivery. */
  challenge: digest256,
  /** `kmsCredentialCommitment` of what is delivered; zeros to lock. */
  commitment: digest256,
  issuedAtMs: timeMs,
});

/** The tenant's word that a credential is its own, so that nobody on the way delivers another. */
export type KmsUnlock = z.output<typeof schema>;

const format = statementFormat("kms unlock", schema);

/** Signed by the tenant's root, or by a key that its policy delegates the verb `unlock` to. */
export function signKmsUnlock(unlock: KmsUnlock, signer: NoteSigner, office: "root" | "delegate"): Uint8Array {
  return signStatement(format, unlock, [{ name: noteKeyName(unlock.tenantId, office), key: signer }]);
}

export interface KmsUnlockExpectations {
  readonly tenantId: Uint8Array;
  /** All of them, genesis first: the last one counts. */
  readonly roots: readonly Uint8Array[];
  /** Of the policy in force, if there is one. */
  readonly delegates: Policy["delegates"];
}

/** @throws PolicyError of `openNote`; STATEMENT_MALFORMED; STATEMENT_MISMATCH if it is of another tenant. */
export function verifyKmsUnlock(note: Uint8Array, { tenantId, roots, delegates }: KmsUnlockExpectations): KmsUnlock {
  const root = roots.at(-1);
  if (root === undefined) throw new PolicyError("ROOT_UNTRUSTED", "No root is known to check an unlock against.");
  const { value } = openStatement(format, note, [
    { name: noteKeyName(tenantId, "root"), publicKey: root },
    ...delegates
      .filter(({ verb }) => verb === "unlock")
      .map(({ publicKey }) => ({ name: noteKeyName(tenantId, "delegate"), publicKey })),
  ]);
  if (equalBytes(value.tenantId, tenantId)) return value;
  throw new PolicyError("STATEMENT_MISMATCH", "An unlock is of another tenant.");
}

/** 32 bytes that bind a credential and tell nothing of it: `salt` is 32 random bytes that go along inside the seal. */
export function kmsCredentialCommitment(salt: Uint8Array, credential: Uint8Array): Uint8Array {
  return sha256(lengthPrefixed(["cloister/v1 kms credential", salt, credential]));
}

/** HPKE info of a credential that is sealed to an instance of `keys`. */
export function kmsCredentialInfo(): Uint8Array {
  return lengthPrefixed(["cloister/v1 kms unlock"]);
}

/** HPKE AAD of it: it opens for one tenant and one delivery. */
export function kmsCredentialAad(tenantId: Uint8Array, challenge: Uint8Array): Uint8Array {
  return lengthPrefixed(["cloister/v1 kms unlock", tenantId, challenge]);
}
