/** Intel TDX: an entry point of its own, so that who doesn't meet it doesn't load it. */
export type { TdxCollateral } from "./collateral.ts";
export { decodeTdxEvidence, encodeTdxEvidence, type TdxEvidence } from "./evidence.ts";
export { tdxFaults, type TdxFault } from "./faults.ts";
export { tdxMeasurement } from "./measurement.ts";
export { parseTdxQuote, withoutBytesAfter, type TdxQuote } from "./quote.ts";
export type { PckPlatform } from "./pck-extensions.ts";
export { strictRequirements, type ExpectedFields, type TdxRequirements } from "./requirements.ts";
export { qvResultNamed, qvResults, type QvResult, type TcbStatus } from "./tcb-status.ts";
export type { TdReport } from "./td-report.ts";
export { TdxTrust } from "./trust.ts";
export { tdxVerifier } from "./verifier.ts";
export { verifyTdxQuote, type TdxVerification, type VerifiedTdxQuote } from "./verify-quote.ts";
export type { CollateralDates } from "./collateral-dates.ts";
export type { TcbOutcome } from "./platform-status.ts";
