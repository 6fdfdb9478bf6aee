import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import { DAY_MS } from "../buckets.ts";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { conversationIdField, conversationKind, digest256, opaqueId, tenantIdField, timeMs } from "../fields.ts";
import { clientKeysHash } from "../client-keys.ts";
import { noteKeyName } from "../key-names.ts";
import type { Policy } from "../policy.ts";
import { openStatement, signStatement, statementFormat } from "../statement.ts";

/** An admission is used at once; a day leaves room for a device that was offline. */
const MAX_ADMISSION_LIFE_MS = DAY_MS;
const MAX_CLOCK_SKEW_MS = 60_000;

const schema = z.strictObject({
  id: opaqueId,
  tenantId: tenantIdField,
  /** `clientKeysHash` of the keys that may open with it. */
  clientKeysHash: digest256,
  kind: conversationKind,
  /** The tenant's opaque name for the person, or null. 16 bytes. */
  subjectRef: z.nullable(opaqueId),
  /** Conversations of kind `kb` that may be searched for answers. */
  knowledgeBases: z.array(conversationIdField).check(z.maxLength(16)),
  issuedAtMs: timeMs,
  expiresAtMs: timeMs,
});

/** Lets the holder of the named keys open one conversation. */
export type Admission = z.output<typeof schema>;

const format = statementFormat("admission", schema, "ADMISSION_INVALID");

/** Signed by a key that the policy lists among its admission issuers. */
export function signAdmission(admission: Admission, issuer: NoteSigner): Uint8Array {
  return signStatement(format, admission, [{ name: noteKeyName(admission.tenantId, "admission"), key: issuer }]);
}

export interface AdmissionExpectations {
  readonly clientKemPublicKey: Uint8Array;
  readonly clientSigningPublicKey: Uint8Array;
  readonly nowMs: number;
}

/**
 * @throws PolicyError ADMISSION_REQUIRED if the note is empty; NOTE_MALFORMED, SIGNATURE_INVALID; ADMISSION_INVALID if
 * no issuer of the policy signed it, it is of another tenant or bound to other keys; ADMISSION_EXPIRED outside its life,
 * or if that is above a day.
 */
export function verifyAdmission(note: Uint8Array, policy: Policy, expected: AdmissionExpectations): Admission {
  if (note.length === 0) {
    throw new PolicyError("ADMISSION_REQUIRED", "Opening a conversation needs an admission statement of the tenant.");
  }
  const { value } = openByIssuer(note, policy);
  if (!equalBytes(value.tenantId, policy.tenantId) || !equalBytes(value.clientKeysHash, clientKeysHash(expected))) {
    throw new PolicyError("ADMISSION_INVALID", "The admission was given to another tenant or to other keys.");
  }
  const lifeMs = value.expiresAtMs - value.issuedAtMs;
  const isCurrent = value.issuedAtMs <= expected.nowMs + MAX_CLOCK_SKEW_MS && expected.nowMs < value.expiresAtMs;
  if (!isCurrent || lifeMs > MAX_ADMISSION_LIFE_MS) {
    throw new PolicyError("ADMISSION_EXPIRED", "The admission is expired, not yet valid, or valid for too long.");
  }
  return value;
}

function openByIssuer(note: Uint8Array, policy: Policy) {
  const name = noteKeyName(policy.tenantId, "admission");
  const issuers = policy.admissionIssuers.map(({ publicKey }) => ({ name, publicKey }));
  try {
    return openStatement(format, note, issuers);
  } catch (error) {
    if (error instanceof PolicyError && error.code === "NOTE_UNSIGNED") {
      throw new PolicyError("ADMISSION_INVALID", "No admission issuer of the policy signed this.", { cause: error });
    }
    throw error;
  }
}
