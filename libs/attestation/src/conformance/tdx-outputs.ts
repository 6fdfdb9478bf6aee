import { bytesToHex } from "@noble/hashes/utils.js";
import { bitsOf, hasBit, tdAttributeBit } from "../formats/tdx/guest-bits.ts";
import { tdxMeasurement } from "../formats/tdx/measurement.ts";
import type { TdReport } from "../formats/tdx/td-report.ts";
import type { VerifiedTdxQuote } from "../formats/tdx/verify-quote.ts";

/** The register list that other verifiers of TDX guests name this way too. */
const MEASUREMENT_TYPE = "https://tinfoil.sh/predicate/tdx-guest/v2";

/** What a verified quote says, in the names and the order of the attestation cases. Bytes are lower-case hex. */
export function tdxOutputs({ quote, platform, collateral, tcb }: VerifiedTdxQuote): Readonly<Record<string, unknown>> {
  const { report, version } = quote;
  return {
    quote_version: version,
    tee_type: "TDX",
    measurement: {
      type: MEASUREMENT_TYPE,
      registers: [report.mrTd, ...report.rtmrs].map(bytesToHex),
    },
    cloister_measurement_hex: bytesToHex(tdxMeasurement(report)),
    fmspc_hex: bytesToHex(platform.fmspc),
    ppid_hex: bytesToHex(platform.ppid),
    ...(tcb && { qv_result: tcb.result, advisory_ids: tcb.advisoryIds }),
    ...(collateral && {
      tcb_evaluation_data_number: collateral.evaluationDataNumber,
      collateral_expired: collateral.isExpired,
    }),
    body_fields: bodyFields(report),
  };
}

function bodyFields(report: TdReport): Readonly<Record<string, unknown>> {
  const { teeTcbSvn2, mrServiceTd } = report;
  return {
    tee_tcb_svn_hex: bytesToHex(report.teeTcbSvn),
    mrseam_hex: bytesToHex(report.mrSeam),
    mrsignerseam_hex: bytesToHex(report.mrSignerSeam),
    seam_attributes_hex: bytesToHex(report.seamAttributes),
    td_attributes_hex: bytesToHex(report.tdAttributes),
    td_attributes_decoded: decodedAttributes(report),
    xfam_hex: bytesToHex(report.xfam),
    mrtd_hex: bytesToHex(report.mrTd),
    mrconfigid_hex: bytesToHex(report.mrConfigId),
    mrowner_hex: bytesToHex(report.mrOwner),
    mrownerconfig_hex: bytesToHex(report.mrOwnerConfig),
    rtmrs_hex: report.rtmrs.map(bytesToHex),
    report_data_hex: bytesToHex(report.reportData),
    ...(teeTcbSvn2 && { tee_tcb_svn2_hex: bytesToHex(teeTcbSvn2) }),
    ...(mrServiceTd && { mrservicetd_hex: bytesToHex(mrServiceTd) }),
  };
}

function decodedAttributes({ tdAttributes }: TdReport): Readonly<Record<string, boolean>> {
  const bits = bitsOf(tdAttributes);
  const isAnySet = (first: number, last: number) => (bits >> BigInt(first)) % (1n << BigInt(last - first + 1)) !== 0n;
  return {
    tud_debug: hasBit(bits, tdAttributeBit.debug),
    tud_reserved_nonzero: isAnySet(1, 7),
    sec_reserved_lower_nonzero: isAnySet(8, 27),
    sec_sept_ve_disable: hasBit(bits, tdAttributeBit.septVeDisable),
    sec_reserved_bit29: hasBit(bits, 29),
    sec_pks: hasBit(bits, tdAttributeBit.pks),
    sec_kl: hasBit(bits, tdAttributeBit.kl),
    other_reserved_nonzero: isAnySet(32, 62),
    other_perfmon: hasBit(bits, tdAttributeBit.perfmon),
  };
}
