import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { ed25519Key, tenantIdField, timeMs } from "../fields.ts";
import { noteKeyName } from "../key-names.ts";
import { openStatement, signStatement, statementFormat } from "../statement.ts";

export const MAX_FORMER_ISSUERS = 15;

const schema = z.strictObject({
  tenantId: tenantIdField,
  issuerKey: ed25519Key,
  issuedAtMs: timeMs,
  /** Its keys of before, which count for what they signed until then; missing where there was no other. */
  formerIssuers: z.optional(
    z.array(z.strictObject({ key: ed25519Key, retiredAtMs: timeMs })).check(z.maxLength(MAX_FORMER_ISSUERS)),
  ),
});

/** "Tenant T's issuer key is K", by the signing key that the evidence of `keys` binds. */
export type IssuerNote = z.output<typeof schema>;

const format = statementFormat("issuer", schema);

export function signIssuerNote(statement: IssuerNote, keysSigner: NoteSigner): Uint8Array {
  return signStatement(format, statement, [{ name: noteKeyName(statement.tenantId, "keys"), key: keysSigner }]);
}

/** @throws PolicyError of `openNote`; STATEMENT_MALFORMED; STATEMENT_MISMATCH if it is of another tenant. */
export function verifyIssuerNote(
  note: Uint8Array,
  expected: { readonly tenantId: Uint8Array; readonly keysSigningPublicKey: Uint8Array },
): IssuerNote {
  const name = noteKeyName(expected.tenantId, "keys");
  const { value } = openStatement(format, note, [{ name, publicKey: expected.keysSigningPublicKey }]);
  if (!equalBytes(value.tenantId, expected.tenantId)) {
    throw new PolicyError("STATEMENT_MISMATCH", "The issuer note is of another tenant.");
  }
  return value;
}
