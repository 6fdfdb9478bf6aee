import type { EvidenceSource } from "../../evidence-source.ts";
import { encodeSnpEvidence } from "../../formats/sev-snp/verifier.ts";
import { SNP_REPORT_BYTES } from "../../formats/sev-snp/report.ts";
import { encodeEvidence } from "../../tagged-evidence.ts";
import { unavailable } from "../unavailable.ts";
import { readCertificateTable } from "./certificate-table.ts";
import { type TsmOptions, TsmReports } from "./tsm-reports.ts";

export interface SnpSourceOptions extends TsmOptions {
  /** The VCEK or VLEK, DER, for hosts that put none beside their reports; asked anew each time, as firmware changes it. */
  readonly endorsementKey?: () => Promise<Uint8Array>;
  /** AMD's list of revoked authorities, DER, for policies that demand it; asked anew each time. */
  readonly revocationList?: () => Promise<Uint8Array>;
}

/** What the guest was started at: the level that `snpVerifier` asks for. */
const MOST_PRIVILEGED_LEVEL = 0;

/**
 * Evidence of AMD SEV-SNP by the kernel's configfs-tsm.
 * @throws AttestationError EVIDENCE_UNAVAILABLE as `requestReport` and `readCertificateTable`; ANSWER_MALFORMED if the
 * report has another length than 1,184 bytes; COLLATERAL_MISSING if neither the host nor the options bring a key.
 */
export function snpSource({ endorsementKey, revocationList, ...options }: SnpSourceOptions = {}): EvidenceSource {
  const reports = new TsmReports(options);
  return {
    format: "sev-snp",
    async collect(reportData: Uint8Array): Promise<Uint8Array> {
      const { outblob, auxblob } = await reports.request({
        provider: "sev_guest",
        inblob: reportData,
        privilegeLevel: MOST_PRIVILEGED_LEVEL,
      });
      if (outblob.length !== SNP_REPORT_BYTES) {
        throw unavailable("ANSWER_MALFORMED", "The kernel's report is no report of SEV-SNP.");
      }
      const { vcek, vlek } = readCertificateTable(auxblob);
      const key = vcek ?? vlek ?? (await endorsementKey?.());
      if (key === undefined) {
        throw unavailable(
          "COLLATERAL_MISSING",
          "The host gave no certificate with its report: have it provide the VCEK, or configure one from AMD's KDS.",
        );
      }
      const list = await revocationList?.();
      const body = encodeSnpEvidence({ report: outblob, endorsementKey: key, revocationList: list });
      return encodeEvidence({ format: "sev-snp", body });
    },
  };
}
