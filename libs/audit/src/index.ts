export { AuditError, auditErrors, type AuditErrorCode } from "./errors.ts";
export { renderKekReceipt, signKekReceipt, verifyKekReceipt, type KekReceipt } from "./kek-receipt.ts";
export { leafHash } from "./leaf-hash.ts";
export {
  MAX_RECEIPT_ASSERTIONS,
  MAX_RECEIPT_TOMBSTONES,
  signReceipt,
  verifyReceipt,
  type Receipt,
  type ReceiptIssuer,
} from "./receipt.ts";
export { renderReceipt } from "./render-receipt.ts";
export { decodeTombstone, encodeTombstone, tombstoneHash, tombstoneId, type Tombstone } from "./tombstone.ts";
