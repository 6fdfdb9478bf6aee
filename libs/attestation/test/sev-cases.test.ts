import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { verifyCase } from "@cloister/attestation/conformance";
import { type SnpFault, snpFaults } from "@cloister/attestation/sev-snp";
import {
  chipIdOf,
  type EndorsementOptions,
  extension,
  levels,
  makeCertificate,
  type ReportOptions,
  SOUND_POLICY,
  TestAmd,
} from "@cloister/testing/evidence";

const clock = 1_780_272_000;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${base64(der).replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
let amd: TestAmd;
let unsigned: Uint8Array;
/** The authority, signed by the root, with an extension that is none. */
let misshapen: Uint8Array;

beforeAll(async () => {
  amd = await TestAmd.make();
  // Named as the root and signed by somebody else.
  const { rootKey, authorityKey } = amd;
  unsigned = await makeCertificate({ subject: "ARK-Test", issuer: "ARK-Test", key: rootKey, signer: authorityKey });
  const noConstraints = [extension("2.5.29.19", Uint8Array.of(0x30, 3), true)];
  const middle = { subject: "SEV-Test", issuer: "ARK-Test", key: authorityKey, signer: rootKey };
  misshapen = await makeCertificate({ ...middle, extensions: noConstraints });
});

interface Case {
  readonly report?: ReportOptions;
  readonly key?: EndorsementOptions;
  readonly input?: () => object;
  /** Null: none at all. */
  readonly policy?: object | null;
  /** The report's bytes after they were signed. */
  readonly change?: (report: Uint8Array) => Uint8Array;
}

async function outcomeOf({ report, key, input, policy, change = (bytes) => bytes }: Case) {
  const outcome = await verifyCase(
    {
      schema_version: "1",
      attestation_doc_b64: base64(gzipSync(change(await amd.report(report)))),
      vcek_der_b64: base64(await amd.endorse(key)),
      amd_root_ca_pem: pem(amd.ark),
      ask_pem: pem(amd.ask),
      expiration_check_date_unix: clock,
      ...input?.(),
      policy: policy === null ? null : { enforce_spec_defaults: true, ...policy },
    },
    0,
  );
  return { exitCode: outcome.exitCode, code: outcome.output.rejection?.code };
}

const bits = (...set: number[]): bigint => set.reduce((value, bit) => value | (1n << BigInt(bit)), SOUND_POLICY);
const ones = "ff".repeat(48);

/** For each code of the contract, cases that come to it. */
const cases: Readonly<Record<SnpFault, readonly Case[]>> = {
  REPORT_FORMAT_UNSUPPORTED: [
    { change: (report) => Uint8Array.of(...report, 0) },
    { report: { change: (report) => report.fill(9, 0x34, 0x35) } },
    { input: () => ({ attestation_doc_b64: base64(new Uint8Array(1184)) }) },
    { input: () => ({ attestation_doc_b64: base64(gzipSync(new Uint8Array(1 << 20))) }) },
  ],
  REPORT_TRUNCATED: [{ change: (report) => report.subarray(0, 1183) }, { change: () => new Uint8Array() }],
  WRONG_REPORT_VERSION: [0, 1, 4, 6, 0xffffffff].map((version) => ({ report: { version } })),
  VCEK_CHAIN_INVALID: [
    { input: () => ({ vcek_der_b64: "" }) },
    { input: () => ({ vcek_der_b64: base64(amd.ask) }) },
    { key: { extensions: [] } },
    { input: () => ({ amd_root_ca_pem: undefined, ask_pem: undefined }) },
  ],
  VCEK_EXPIRED: [
    { key: { notAfterMs: clock * 1000 - 1000 } },
    { input: () => ({ expiration_check_date_unix: 0 }) },
    { input: () => ({ expiration_check_date_unix: 4_000_000_000 }) },
  ],
  VCEK_HWID_MISMATCH: [
    { report: { chipId: new Uint8Array(64).fill(3) } },
    { key: { hardwareId: new Uint8Array(64).fill(3) } },
    { report: { product: "turin", chipId: chipIdOf("milan") }, key: { product: "turin" } },
  ],
  VCEK_TCB_MISMATCH: (["bootloader", "tee", "snp", "microcode"] as const).map((part) => ({
    key: { tcb: { ...levels, [part]: levels[part] + 1 } },
  })),
  ARK_UNTRUSTED: [
    { input: () => ({ amd_root_ca_pem: "root" }) },
    { input: () => ({ amd_root_ca_pem: pem(unsigned) }) },
    { input: () => ({ amd_root_ca_pem: pem(amd.ask) }) },
    { input: () => ({ amd_root_ca_pem: pem(misshapen) }) },
    { input: () => ({ ask_pem: undefined }) },
  ],
  ASK_INVALID: [
    { input: () => ({ ask_pem: "ask" }) },
    { input: () => ({ ask_pem: pem(unsigned) }) },
    { input: () => ({ ask_pem: pem(misshapen) }) },
    { input: () => ({ amd_root_ca_pem: undefined }) },
  ],
  REPORT_SIGNATURE_INVALID: [
    { change: (report) => report.with(0x2a0, (report[0x2a0] ?? 0) ^ 1) },
    { change: (report) => report.with(0x90, 0) },
    { change: (report) => report.with(1183, 1) },
    { change: (report) => report.fill(0, 0x2a0) },
  ],
  TCB_OUT_OF_DATE: [
    { policy: { min_tcb_bl_spl: levels.bootloader + 1 } },
    { policy: { min_tcb_tee_spl: levels.tee + 1 } },
    { policy: { min_tcb_snp_spl: levels.snp + 1 } },
    { policy: { min_tcb_ucode_spl: levels.microcode + 1 } },
  ],
  GUEST_POLICY_DEBUG_SET: [{ report: { policy: bits(19) } }],
  GUEST_POLICY_MIGRATE_MA_SET: [{ report: { policy: bits(18) } }],
  GUEST_POLICY_SINGLE_SOCKET_SET: [{ report: { policy: bits(20) } }],
  GUEST_POLICY_RESERVED_BIT_SET: [
    { report: { policy: bits(26) } },
    { report: { policy: bits(63) } },
    { report: { policy: 1n << 16n } },
  ],
  PLATFORM_INFO_INVALID: [{ report: { platformInfo: 1n << 6n } }, { report: { platformInfo: 1n << 63n } }],
  SIGNER_INFO_INVALID: [
    { report: { signerInfo: 1 << 5 } },
    { report: { signerInfo: 2 } },
    { report: { signerInfo: 1 << 2 } },
    { report: { signerInfo: 7 << 2 } },
  ],
  MEASUREMENT_MISMATCH: [{ policy: { expected_measurement_hex: ones } }],
  HOST_DATA_MISMATCH: [{ policy: { expected_host_data_hex: "ff".repeat(32) } }],
  REPORT_DATA_MISMATCH: [{ policy: { expected_report_data_hex: "ff".repeat(64) } }],
  ID_KEY_DIGEST_MISMATCH: [{ policy: { expected_id_key_digest_hex: ones } }],
  AUTHOR_KEY_DIGEST_MISMATCH: [{ policy: { expected_author_key_digest_hex: ones } }],
};

describe("a case of SEV-SNP", () => {
  it.each(Object.entries(cases).flatMap(([code, list]) => list.map((one, index) => ({ code, one, n: index + 1 }))))(
    "is rejected with $code ($n)",
    async ({ code, one }) => {
      expect(await outcomeOf(one)).toEqual({ exitCode: 10, code });
    },
  );

  it("is tried with every code of the contract", () => {
    expect(Object.keys(cases).toSorted()).toEqual(Object.keys(snpFaults).toSorted());
  });

  it.each<[string, Case]>([
    ["in version 2", { report: { version: 2 } }],
    ["in version 5", { report: { version: 5 } }],
    ["of Genoa", { report: { product: "genoa" }, key: { product: "genoa" } }],
    ["of Turin", { report: { product: "turin" }, key: { product: "turin" } }],
    ["by a VLEK", { report: { kind: "vlek" }, key: { kind: "vlek" } }],
    ["by a VLEK that masks the chip's key", { report: { kind: "vlek", signerInfo: 6 }, key: { kind: "vlek" } }],
    [
      "with all that its policy expects",
      {
        policy: {
          expected_measurement_hex: "52".repeat(48),
          expected_report_data_hex: "51".repeat(64),
          expected_host_data_hex: "00".repeat(32),
          expected_id_key_digest_hex: "00".repeat(48),
          expected_author_key_digest_hex: "00".repeat(48),
          min_tcb_bl_spl: levels.bootloader,
          min_tcb_tee_spl: levels.tee,
          min_tcb_snp_spl: levels.snp,
          min_tcb_ucode_spl: levels.microcode,
        },
      },
    ],
    ["with a debug bit that nobody minds", { report: { policy: bits(19) }, policy: { enforce_spec_defaults: false } }],
    ["without a policy", { report: { policy: bits(19) }, policy: null }],
  ])("is accepted %s", async (_name, one) => {
    expect(await outcomeOf(one)).toEqual({ exitCode: 0, code: undefined });
  });
});
