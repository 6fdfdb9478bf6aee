import { equalBytes } from "@noble/curves/utils.js";
import type * as z from "zod/mini";
import { PolicyError } from "./errors.ts";
import { noteKeyName } from "./key-names.ts";
import { openStatement, type OpenedStatement, type StatementFormat } from "./statement.ts";

/** A key that `keys` signed with for the tenant before it made another. */
export interface FormerIssuer {
  /** Ed25519, 32 bytes. */
  readonly key: Uint8Array;
  /** What says that it was made later is not believed. */
  readonly retiredAtMs: number;
}

/** Who speaks for a tenant's `keys`, out of a verified chain. */
export interface IssuerKeys {
  readonly tenantId: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly issuerKey: Uint8Array;
  readonly formerIssuers?: readonly FormerIssuer[];
}

/**
 * Opens what the tenant's issuer signed, or a former one before it was retired.
 * @param madeAtMs when the statement says that it was made
 * @throws PolicyError those of `openStatement`; NOTE_UNSIGNED for a former issuer's word of a time when it was none
 */
export function openIssued<Schema extends z.core.$ZodType>(
  format: StatementFormat<Schema>,
  note: Uint8Array,
  { tenantId, issuerKey, formerIssuers = [] }: IssuerKeys,
  madeAtMs: (value: z.output<Schema>) => number,
): OpenedStatement<z.output<Schema>> {
  const name = noteKeyName(tenantId, "issuer");
  const keys = [issuerKey, ...formerIssuers.map(({ key }) => key)];
  const opened = openStatement(
    format,
    note,
    keys.map((publicKey) => ({ name, publicKey })),
  );
  const signed = (key: Uint8Array): boolean => opened.signedBy.some(({ publicKey }) => equalBytes(publicKey, key));
  const isInTime = formerIssuers.some(({ key, retiredAtMs }) => signed(key) && madeAtMs(opened.value) <= retiredAtMs);
  if (signed(issuerKey) || isInTime) return opened;
  throw new PolicyError("NOTE_UNSIGNED", "A note is signed by an issuer key that was retired before it was made.");
}
