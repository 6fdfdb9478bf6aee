/** Why a record of the audit was refused. A receipt's signature fails with a `PolicyError` of libs/policy. */
export const auditErrors = {
  TOMBSTONE_MALFORMED: {
    title: "A stored tombstone is damaged",
    remedy: "Restore the database of `keys` from a backup; the service does not start without its tombstones.",
  },
  RECEIPT_FOREIGN: { title: "The receipt is another tenant's", remedy: "Verify it with the tenant that it names." },
} as const;

export type AuditErrorCode = keyof typeof auditErrors;

export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
