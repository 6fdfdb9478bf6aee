import type { EvidenceFormat } from "./tagged-evidence.ts";
import type { EvidenceVerifier } from "./verifier.ts";

/**
 * The verifiers of all hardware with their vendors' roots. Each is loaded when the first evidence of its format comes, so
 * that a page which never meets TDX never loads what reads its collateral; what it verified is kept as long as this list
 * is.
 */
export const hardwareVerifiers: readonly EvidenceVerifier[] = [
  loadedWhenMet("aws-nitro", async () => (await import("./formats/nitro/index.ts")).nitroVerifier()),
  loadedWhenMet("sev-snp", async () => (await import("./formats/sev-snp/index.ts")).snpVerifier()),
  loadedWhenMet("intel-tdx", async () => (await import("./formats/tdx/index.ts")).tdxVerifier()),
];

/** A load that fails, as without a network, is tried again by the next evidence. */
function loadedWhenMet(format: EvidenceFormat, load: () => Promise<EvidenceVerifier>): EvidenceVerifier {
  let loaded: Promise<EvidenceVerifier> | undefined;
  return {
    format,
    async verify(body, policy, nowMs) {
      loaded ??= load().catch((error: unknown) => {
        loaded = undefined;
        throw error;
      });
      return (await loaded).verify(body, policy, nowMs);
    },
  };
}
