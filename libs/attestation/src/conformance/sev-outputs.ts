import { bytesToHex } from "@noble/hashes/utils.js";
import type { AuthenticSnpReport } from "../formats/sev-snp/authenticate.ts";
import type { SnpReport } from "../formats/sev-snp/report.ts";
import { readGuestPolicy, readPlatformInfo } from "../formats/sev-snp/report-bits.ts";
import { readTcb } from "../formats/sev-snp/tcb.ts";

const PREDICATE = "https://tinfoil.sh/predicate/sev-snp-guest/v2";

/** An accepted report as the cases' `expected.json` has it. */
export function sevOutputs(verified: AuthenticSnpReport): Readonly<Record<string, unknown>> {
  const measurement = bytesToHex(verified.report.measurement);
  return { measurement: { type: PREDICATE, registers: [measurement] }, body_fields: bodyFields(verified) };
}

function bodyFields({ report, product }: AuthenticSnpReport): Readonly<Record<string, unknown>> {
  const current = readTcb(report.currentTcb, product);
  return {
    version: report.version,
    guest_svn: report.guestSvn,
    policy_hex: hexOf(report.policy, 16),
    policy_decoded: policyFields(report),
    family_id_hex: bytesToHex(report.familyId),
    image_id_hex: bytesToHex(report.imageId),
    vmpl: report.vmpl,
    signature_algo: report.signatureAlgorithm,
    current_tcb_hex: bytesToHex(report.currentTcb.toReversed()),
    current_tcb_decoded: {
      bl_spl: current.bootloader,
      tee_spl: current.tee,
      snp_spl: current.snp,
      ucode_spl: current.microcode,
    },
    platform_info_hex: hexOf(report.platformInfo, 16),
    platform_info_decoded: platformFields(report),
    signer_info_hex: hexOf(BigInt(report.signerInfo), 8),
    report_data_hex: bytesToHex(report.reportData),
    measurement_hex: bytesToHex(report.measurement),
    host_data_hex: bytesToHex(report.hostData),
    id_key_digest_hex: bytesToHex(report.idKeyDigest),
    author_key_digest_hex: bytesToHex(report.authorKeyDigest),
    report_id_hex: bytesToHex(report.reportId),
    report_id_ma_hex: bytesToHex(report.reportIdMa),
    reported_tcb_hex: bytesToHex(report.reportedTcb),
    chip_id_hex: bytesToHex(report.chipId),
    ...fieldsAfterChipId(report),
  };
}

function policyFields(report: SnpReport): Readonly<Record<string, unknown>> {
  const policy = readGuestPolicy(report);
  return {
    abi_minor: policy.abiMinor,
    abi_major: policy.abiMajor,
    smt: policy.smt,
    reserved_mbo: policy.reservedMbo,
    migrate_ma: policy.migrateMa,
    debug: policy.debug,
    single_socket: policy.singleSocket,
    cxl_allow: policy.cxlAllow,
    mem_aes_256_xts: policy.memAes256Xts,
    raplmsr_dis: policy.raplDisabled,
    ciphertext_hiding_dram: policy.ciphertextHidingDram,
  };
}

function platformFields(report: SnpReport): Readonly<Record<string, unknown>> {
  const platform = readPlatformInfo(report);
  return {
    smt_en: platform.smtEnabled,
    tsme_en: platform.tsmeEnabled,
    ecc_en: platform.eccEnabled,
    rapl_dis: platform.raplDisabled,
    ciphertext_hiding: platform.ciphertextHiding,
  };
}

/**
 * The cases read these 8 bytes further than AMD's ABI has them (COMMITTED_TCB is at 1E0): nothing is judged by them,
 * and who compares outcomes finds what the cases say.
 */
function fieldsAfterChipId({ bytes }: SnpReport): Readonly<Record<string, unknown>> {
  const byte = (at: number): number => bytes[at] ?? 0;
  return {
    committed_tcb_hex: bytesToHex(bytes.subarray(0x1e8, 0x1f0)),
    current_build: byte(0x1f0),
    current_minor: byte(0x1f1),
    current_major: byte(0x1f2),
    committed_build: byte(0x1f4),
    committed_minor: byte(0x1f5),
    committed_major: byte(0x1f6),
    launch_tcb_hex: bytesToHex(bytes.subarray(0x1f8, 0x200)),
  };
}

function hexOf(value: bigint, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
