import { bytesToHex } from "@noble/hashes/utils.js";
import type { EvidenceClaims, EvidencePolicy, EvidenceVerifier } from "../../verifier.ts";
import { decodeTdxEvidence } from "./evidence.ts";
import { tdxMeasurement } from "./measurement.ts";
import { strictRequirements, type TdxRequirements } from "./requirements.ts";
import { TdxTrust } from "./trust.ts";
import { verifyTdxQuote } from "./verify-quote.ts";

/**
 * Evidence of Intel TDX. The measurement is `tdxMeasurement`, the machine is named by its PPID. Quotes carry no time;
 * collateral past its next update is refused, and so is every status but UpToDate unless the policy names it.
 */
export function tdxVerifier(trust = TdxTrust.intel()): EvidenceVerifier {
  return {
    format: "intel-tdx",
    async verify(body: Uint8Array, policy: EvidencePolicy, nowMs: number): Promise<EvidenceClaims> {
      const { quote, collateral } = decodeTdxEvidence(body);
      const requirements = requirementsOf(policy);
      const verification = { trust, requirements, nowMs, bytesAfterQuote: "refused" } as const;
      const verified = await verifyTdxQuote(quote, collateral, verification);
      const { report } = verified.quote;
      return {
        measurement: tdxMeasurement(report),
        reportData: report.reportData,
        platformIdHex: bytesToHex(verified.platform.ppid),
      };
    },
  };
}

function requirementsOf({ hardware }: EvidencePolicy): TdxRequirements {
  const { acceptedResults, minimumTcbEvaluationDataNumber } = hardware?.["intel-tdx"] ?? {};
  return {
    ...strictRequirements,
    ...(acceptedResults && { acceptedResults }),
    ...(minimumTcbEvaluationDataNumber !== undefined && { minTcbEvaluationDataNumber: minimumTcbEvaluationDataNumber }),
  };
}
