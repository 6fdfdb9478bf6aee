import { sha384 } from "@noble/hashes/sha2.js";
import { lengthPrefixed } from "../../length-prefixed.ts";
import type { TdReport } from "./td-report.ts";

/**
 * The measurement that policies name: SHA-384 over "cloister/v1 tdx measurement", MRTD, the four RTMRs, MRCONFIGID,
 * MROWNER and MROWNERCONFIG, length-prefixed. All that was loaded into the guest or handed to it before it could choose
 * counts; what vouches for the TDX module (MRSEAM, its signer and its versions) is Intel's TCB info. 48 bytes.
 */
export function tdxMeasurement({ mrTd, rtmrs, mrConfigId, mrOwner, mrOwnerConfig }: TdReport): Uint8Array {
  return sha384(lengthPrefixed(["cloister/v1 tdx measurement", mrTd, ...rtmrs, mrConfigId, mrOwner, mrOwnerConfig]));
}
