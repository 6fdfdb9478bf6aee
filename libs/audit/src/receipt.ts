import {
  noteKeyName,
  openIssued,
  signStatement,
  statementFormat,
  type IssuerKeys,
  type NoteSigner,
} from "@cloister/policy";
import { opaqueId, tenantIdField, timeMs } from "@cloister/policy/fields";
import { bytesToHex } from "@noble/hashes/utils.js";
import { z } from "zod";
import { AuditError } from "./errors.ts";
import { tombstoneSchema } from "./tombstone.ts";

/** What one receipt can hold and stay a note of 64 KiB; more makes more receipts. */
export const MAX_RECEIPT_TOMBSTONES = 96;
export const MAX_RECEIPT_ASSERTIONS = 64;

const operatorAssertion = z.strictObject({
  /** What the operator says it dropped: printable ASCII, for example "partition redaction.map_entry_2026_11_22". */
  dropped: z.string().regex(/^[\x20-\x7e]{1,200}$/),
  rows: z.int().nonnegative(),
});

const count = z.int().nonnegative();

const schema = z
  .strictObject({
    id: opaqueId,
    tenantId: tenantIdField,
    issuedAtMs: timeMs,
    /** What `keys` did itself, inside its attested instance. */
    attested: z.strictObject({
      tombstones: z.array(tombstoneSchema).min(1).max(MAX_RECEIPT_TOMBSTONES),
      /** When the last lease of a destroyed key has lapsed in the services that held one. */
      leasesLapseAtMs: timeMs,
      /**
       * Of instances that held keys of what was erased early: how many said, signed, that they hold nothing of it any
       * more, and how many had not in time. Missing where this instance of `keys` heard none of them.
       */
      evictions: z.optional(z.strictObject({ acknowledged: count, notAcknowledged: count })),
      /**
       * Set: the tenant's policy accepts that its KMS is asked with a credential which whoever runs `keys` could use
       * beside it. Missing where it doesn't, and from receipts of before this was said.
       */
      kmsTrust: z.optional(z.literal("credential")),
      /** False while no witnessed time proves that the key database wasn't set back. */
      isRollbackExcluded: z.boolean(),
    }),
    /** What the operator's retention service says it did, which `keys` can't see. */
    operatorAsserted: z.array(operatorAssertion).max(MAX_RECEIPT_ASSERTIONS),
    /** Something is outstanding until then; null if nothing is. */
    partialUntilMs: z.nullable(timeMs),
    /** The id of the partial receipt that this one closes, or null. */
    closes: z.nullable(opaqueId),
  })
  .refine(
    ({ partialUntilMs, issuedAtMs }) => partialUntilMs === null || partialUntilMs > issuedAtMs,
    "partial until past",
  )
  .refine(
    ({ partialUntilMs, issuedAtMs, attested }) =>
      attested.leasesLapseAtMs <= issuedAtMs || (partialUntilMs ?? 0) >= attested.leasesLapseAtMs,
    "a receipt is partial until the last lease has lapsed",
  )
  .refine(
    ({ tenantId, attested }) =>
      attested.tombstones.every((tombstone) => bytesToHex(tombstone.tenantId) === bytesToHex(tenantId)),
    "a tombstone is of another tenant",
  );

/** Proof of destruction, signed by the tenant's issuer key inside `keys`. */
export type Receipt = z.output<typeof schema>;

const format = statementFormat("receipt", schema);

/**
 * @throws PolicyError STATEMENT_MALFORMED if a limit is broken, a tombstone is of another tenant, or the receipt claims
 * to be complete before the last lease has lapsed.
 */
export function signReceipt(receipt: Receipt, issuer: NoteSigner): Uint8Array {
  return signStatement(format, receipt, [{ name: noteKeyName(receipt.tenantId, "issuer"), key: issuer }]);
}

/** What `verifyReceipt` needs of a verified authority chain. */
export type ReceiptIssuer = IssuerKeys;

/**
 * @throws PolicyError NOTE_MALFORMED, NOTE_UNSIGNED, SIGNATURE_INVALID, STATEMENT_MALFORMED;
 * AuditError RECEIPT_FOREIGN if it is of another tenant.
 */
export function verifyReceipt(note: Uint8Array, issuer: ReceiptIssuer): Receipt {
  const { value } = openIssued(format, note, issuer, ({ issuedAtMs }) => issuedAtMs);
  if (bytesToHex(value.tenantId) !== bytesToHex(issuer.tenantId)) {
    throw new AuditError("RECEIPT_FOREIGN", "The receipt is of another tenant.");
  }
  return value;
}
