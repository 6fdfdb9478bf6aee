/** Why a record of the audit was refused. A receipt's signature fails with a `PolicyError` of libs/policy. */
export type AuditErrorCode = "TOMBSTONE_MALFORMED" | "RECEIPT_FOREIGN";

export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
