import { noteKeyName, openIssued, signStatement, statementFormat, type NoteSigner } from "@cloister/policy";
import { kmsKeyRef, kmsProvider, opaqueId, tenantIdField, timeMs } from "@cloister/policy/fields";
import { bytesToHex } from "@noble/hashes/utils.js";
import { z } from "zod";
import { AuditError } from "./errors.ts";
import type { ReceiptIssuer } from "./receipt.ts";

const schema = z
  .strictObject({
    id: opaqueId,
    tenantId: tenantIdField,
    provider: kmsProvider,
    keyRef: kmsKeyRef,
    /** When the KMS said that it did it. */
    destroyedAtMs: timeMs,
    /** The end of the KMS' window, until when its owner can take it back; null for a key that is gone at once. */
    windowEndsAtMs: z.nullable(timeMs),
    /** The code with which the KMS refused afterwards to unwrap what the key had wrapped. */
    refusedSince: z.string().regex(/^[A-Z0-9_]{2,64}$/),
    /** When the last instance has forgotten what was unwrapped before. */
    leasesLapseAtMs: timeMs,
  })
  .refine(({ destroyedAtMs, leasesLapseAtMs }) => leasesLapseAtMs >= destroyedAtMs, "leases lapse before the end");

/** Proof that a tenant's KEK was destroyed, signed by the tenant's issuer key inside `keys` with its last breath. */
export type KekReceipt = z.output<typeof schema>;

const format = statementFormat("kek destruction receipt", schema);

/** @throws PolicyError STATEMENT_MALFORMED if a limit is broken */
export function signKekReceipt(receipt: KekReceipt, issuer: NoteSigner): Uint8Array {
  return signStatement(format, receipt, [{ name: noteKeyName(receipt.tenantId, "issuer"), key: issuer }]);
}

/**
 * @param issuer of the chain as it was verified before: afterwards `keys` shows none
 * @throws PolicyError NOTE_MALFORMED, NOTE_UNSIGNED, SIGNATURE_INVALID, STATEMENT_MALFORMED;
 * AuditError RECEIPT_FOREIGN if it is of another tenant.
 */
export function verifyKekReceipt(note: Uint8Array, issuer: ReceiptIssuer): KekReceipt {
  const { value } = openIssued(format, note, issuer, ({ destroyedAtMs }) => destroyedAtMs);
  if (bytesToHex(value.tenantId) === bytesToHex(issuer.tenantId)) return value;
  throw new AuditError("RECEIPT_FOREIGN", "The receipt is of another tenant.");
}

/** The receipt as a person reads it. Ends in a newline. */
export function renderKekReceipt(receipt: KekReceipt): string {
  const { windowEndsAtMs, leasesLapseAtMs } = receipt;
  const key = `${receipt.provider} ${receipt.keyRef}`.trim();
  const lines = [
    `Receipt ${bytesToHex(receipt.id)} of ${timeText(receipt.destroyedAtMs)}`,
    `Tenant ${bytesToHex(receipt.tenantId)}`,
    `Status: ${windowEndsAtMs === null ? "destroyed" : `destroyed at ${timeText(windowEndsAtMs)}, unless its owner takes it back`}`,
    "",
    "Attested by the key service:",
    `- the KMS destroyed the KEK ${key}, and refuses to unwrap by it since (${receipt.refusedSince})`,
    `- what was unwrapped before is forgotten everywhere by ${timeText(leasesLapseAtMs)}`,
    "- copies of the key outside its KMS, if its KMS gives any, are its owner's to end",
  ];
  return `${lines.join("\n")}\n`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
