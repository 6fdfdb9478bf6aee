import type { EvidenceSource } from "../../evidence-source.ts";
import type { TdxCollateral } from "../../formats/tdx/collateral.ts";
import { encodeTdxEvidence } from "../../formats/tdx/evidence.ts";
import { withoutBytesAfter } from "../../formats/tdx/quote.ts";
import { encodeEvidence } from "../../tagged-evidence.ts";
import { type TsmOptions, TsmReports } from "./tsm-reports.ts";

export interface TdxSourceOptions extends TsmOptions {
  /** What Intel publishes about this platform; asked anew each time, as it has to be renewed every month. */
  readonly collateral: () => Promise<TdxCollateral>;
}

/**
 * Evidence of Intel TDX by the kernel's configfs-tsm, with the collateral that its verification needs. Bytes that a
 * quoting service leaves after the quote are cut off: verifiers refuse them.
 * @throws AttestationError EVIDENCE_UNAVAILABLE as `requestReport` and the collateral's; EVIDENCE_MALFORMED if the
 * kernel's blob is no quote of version 4 or 5.
 */
export function tdxSource({ collateral, ...options }: TdxSourceOptions): EvidenceSource {
  const reports = new TsmReports(options);
  return {
    format: "intel-tdx",
    async collect(reportData: Uint8Array): Promise<Uint8Array> {
      const { outblob } = await reports.request({ provider: "tdx_guest", inblob: reportData });
      const quote = withoutBytesAfter(outblob);
      const body = encodeTdxEvidence({ quote, collateral: await collateral() });
      return encodeEvidence({ format: "intel-tdx", body });
    },
  };
}
