import * as z from "zod/mini";
import { bytesUnderMask } from "./masked-bytes.ts";
import { hexField, timeField, uint16Field, uint32Field } from "./json-fields.ts";
import type { QeReport } from "./qe-report.ts";
import { tdxError } from "./faults.ts";
import { partLevelField } from "./tcb-info.ts";
import { equalBytes } from "@noble/curves/utils.js";

/** The identity of Intel's quoting enclave for TDX, version 2 (Intel PCS API, "Get TD QE Identity"). */
const qeIdentity = z.object({
  id: z.literal("TD_QE"),
  version: z.literal(2),
  issueDate: timeField,
  nextUpdate: timeField,
  tcbEvaluationDataNumber: uint32Field,
  miscselect: hexField(4),
  miscselectMask: hexField(4),
  attributes: hexField(16),
  attributesMask: hexField(16),
  mrsigner: hexField(32),
  isvprodid: uint16Field,
  tcbLevels: z.array(partLevelField),
});
const kind = z.object({ id: z.unknown(), version: z.unknown() });

export type QeIdentity = z.infer<typeof qeIdentity>;

/** Undefined unless the value is an identity of that kind with every part that its evaluation reads. */
export function readQeIdentity(value: unknown): QeIdentity | undefined {
  return z.safeParse(qeIdentity, value).data;
}

/** @throws AttestationError with fault QE_IDENTITY_ID_INVALID, QE_IDENTITY_VERSION_INVALID. */
export function checkKindOfQeIdentity(value: unknown): void {
  const { data } = z.safeParse(kind, value);
  if (data?.id !== "TD_QE") {
    throw tdxError("QE_IDENTITY_ID_INVALID", "The QE identity is of another enclave than TDX's.");
  }
  if (data.version !== 2) {
    throw tdxError("QE_IDENTITY_VERSION_INVALID", "The QE identity is of another version than 2.");
  }
}

/** @throws AttestationError with fault QE_IDENTITY_MRSIGNER_MISMATCH, QE_IDENTITY_FIELD_MISMATCH if another enclave made the report. */
export function checkQeReport(report: QeReport, identity: QeIdentity): void {
  if (!equalBytes(report.mrSigner, identity.mrsigner)) {
    throw tdxError("QE_IDENTITY_MRSIGNER_MISMATCH", "Another than Intel signed the quoting enclave.");
  }
  const isSame =
    report.isvProdId === identity.isvprodid &&
    equalBytes(bytesUnderMask(report.miscSelect, identity.miscselectMask), identity.miscselect) &&
    equalBytes(bytesUnderMask(report.attributes, identity.attributesMask), identity.attributes);
  if (!isSame) {
    throw tdxError(
      "QE_IDENTITY_FIELD_MISMATCH",
      "The quoting enclave is another one than the QE identity names, or runs with other attributes.",
    );
  }
}
