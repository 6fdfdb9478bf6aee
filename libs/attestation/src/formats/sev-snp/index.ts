/** AMD SEV-SNP: an entry point of its own, so that who doesn't meet it doesn't load it. */
export {
  SnpAuthenticator,
  type AuthenticSnpReport,
  type SnpAuthorities,
  type SnpCertificates,
} from "./authenticate.ts";
export { snpFaults, type SnpFault } from "./faults.ts";
export { parseSnpReport, SNP_REPORT_BYTES, type SnpReport } from "./report.ts";
export { snpProducts, type SnpProduct, type SnpTcb } from "./tcb.ts";
export { decodeSnpEvidence, encodeSnpEvidence, snpVerifier, type SnpEvidence } from "./verifier.ts";
