import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { digest256, kmsKeyRef, kmsProvider, tenantIdField, timeMs } from "../fields.ts";
import { noteKeyName } from "../key-names.ts";
import { openStatement, signStatement, statementFormat } from "../statement.ts";
import type { KmsUnlockExpectations } from "./kms-unlock.ts";

const schema = z.strictObject({
  tenantId: tenantIdField,
  /** The KEK by the names of the policy in force: another one is never meant. */
  provider: kmsProvider,
  keyRef: kmsKeyRef,
  /** What the instance of `keys` gave for this one order. */
  challenge: digest256,
  /** `kmsCredentialCommitment` of a credential that may destroy the key; zeros where `keys` uses the one it has. */
  commitment: digest256,
  issuedAtMs: timeMs,
});

/** The tenant's word that its KEK be destroyed, and with it everything that was ever wrapped under it. */
export type KekDestruction = z.output<typeof schema>;

const format = statementFormat("kek destruction", schema);

/** Signed by the tenant's root, or by a key that its policy delegates the verb `destroy-kek` to. */
export function signKekDestruction(order: KekDestruction, signer: NoteSigner, office: "root" | "delegate"): Uint8Array {
  return signStatement(format, order, [{ name: noteKeyName(order.tenantId, office), key: signer }]);
}

/** @throws PolicyError of `openNote`; STATEMENT_MALFORMED; STATEMENT_MISMATCH if it is of another tenant. */
export function verifyKekDestruction(
  note: Uint8Array,
  { tenantId, roots, delegates }: KmsUnlockExpectations,
): KekDestruction {
  const root = roots.at(-1);
  if (root === undefined) throw new PolicyError("ROOT_UNTRUSTED", "No root is known to check an order against.");
  const { value } = openStatement(format, note, [
    { name: noteKeyName(tenantId, "root"), publicKey: root },
    ...delegates
      .filter(({ verb }) => verb === "destroy-kek")
      .map(({ publicKey }) => ({ name: noteKeyName(tenantId, "delegate"), publicKey })),
  ]);
  if (equalBytes(value.tenantId, tenantId)) return value;
  throw new PolicyError("STATEMENT_MISMATCH", "An order to destroy a KEK is of another tenant.");
}
