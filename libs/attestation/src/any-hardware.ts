import { qvResults } from "./formats/tdx/tcb-status.ts";
import type { HardwarePolicy } from "./verifier.ts";

/**
 * Accepts every genuine machine with whatever firmware: for who only wants to know what evidence says, and leaves the
 * judgement to a tenant's policy. Debugging is refused nevertheless, and what the vendor revoked.
 */
export const anyHardware: HardwarePolicy = {
  "aws-nitro": {},
  "sev-snp": { minimumTcb: { milan: {}, genoa: {}, turin: {} }, hostData: "any" },
  "intel-tdx": { acceptedResults: Object.values(qvResults).filter((result) => result !== "REVOKED") },
};
