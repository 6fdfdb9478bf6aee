import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { verifyCase } from "@cloister/attestation/conformance";
import { type SnpFault, snpFaults } from "@cloister/attestation/sev-snp";
import {
  authority,
  chipIdOf,
  type EndorsementOptions,
  extension,
  ia5,
  keyUsage,
  levels,
  makeCertificate,
  makeRevocationList,
  type ReportOptions,
  SOUND_POLICY,
  TestAmd,
  TestKey,
} from "@cloister/testing/evidence";

const clock = 1_780_272_000;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${base64(der).replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
let amd: TestAmd;
let unsigned: Uint8Array;
/** The authority, signed by the root, with an extension that is none. */
let misshapen: Uint8Array;
/** Authorities and roots that are right but for one thing. */
let authorities: Readonly<Record<string, string>>;
let stranger: TestKey;
/** AMD's lists of revoked authorities, right and wrong ones, in base64. The authority's serial number is 1. */
let lists: Readonly<Record<string, string>>;

beforeAll(async () => {
  amd = await TestAmd.make();
  // Named as the root and signed by somebody else.
  const { rootKey, authorityKey } = amd;
  unsigned = await makeCertificate({ subject: "ARK-Test", issuer: "ARK-Test", key: rootKey, signer: authorityKey });
  const noConstraints = [extension("2.5.29.19", Uint8Array.of(0x30, 3), true)];
  const middle = { subject: "SEV-Test", issuer: "ARK-Test", key: authorityKey, signer: rootKey };
  misshapen = await makeCertificate({ ...middle, extensions: noConstraints });
  stranger = await TestKey.make("p384");
  const top = { subject: "ARK-Test", issuer: "ARK-Test", key: rootKey, signer: rootKey };
  const of = async (fields: object, extensions = [authority()]): Promise<string> =>
    pem(await makeCertificate({ ...middle, extensions, ...fields }));
  const atMs = clock * 1000;
  const list = async (fields: Partial<Parameters<typeof makeRevocationList>[0]>): Promise<string> =>
    base64(await makeRevocationList({ issuer: "ARK-Test", signer: rootKey, ...fields }));
  lists = {
    current: await list({ nextUpdateMs: atMs, serials: [2, 3] }),
    "of tomorrow": await list({ thisUpdateMs: atMs + 1000 }),
    revoking: await list({ serials: [7, 1] }),
    "revoking and past": await list({ serials: [1], nextUpdateMs: atMs - 1000 }),
    past: await list({ nextUpdateMs: atMs - 1000 }),
    "by the authority": await list({ signer: authorityKey }),
    "by another kind of key": await list({ signer: stranger }),
    "in another name": await list({ issuer: "SEV-Test" }),
    "by the authority for itself": await list({ issuer: "SEV-Test", signer: authorityKey }),
  };
  authorities = {
    "a root that may not sign lists": await of(top, [authority(), keyUsage(0x04)]),
    "an authority that is none": await of({}, []),
    "an authority that may only sign data": await of({}, [authority(), keyUsage(0x80)]),
    "an authority with a critical extension": await of({}, [
      authority(),
      extension("1.2.3", Uint8Array.of(5, 0), true),
    ]),
    "an expired authority": await of({ notAfterMs: clock * 1000 - 1000 }),
    "an authority of tomorrow": await of({ notBeforeMs: clock * 1000 + 1000 }),
    "an authority of another root": await of({ issuer: "ARK-Other" }),
    "an authority by itself": await of({ signer: authorityKey }),
    "an authority by another kind of key": await of({ signer: stranger }),
    "a root that is none": await of(top, []),
    "a root that may only sign data": await of(top, [authority(), keyUsage(0x80)]),
    "a root without an authority below it": await of({ ...top, key: authorityKey, signer: authorityKey }),
    "a root that allows none below it": await of(top, [authority(0)]),
    "an expired root": await of({ ...top, notAfterMs: clock * 1000 - 1000 }),
    "a root of tomorrow": await of({ ...top, notBeforeMs: clock * 1000 + 1000 }),
  };
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
const newest = { ...levels, microcode: 255 };

/** For each code of the contract, cases that come to it. */
const cases: Readonly<Record<Exclude<SnpFault, "ARK_CRL_MISSING">, readonly Case[]>> = {
  REPORT_FORMAT_UNSUPPORTED: [
    { change: (report) => Uint8Array.of(...report, 0) },
    { report: { change: (report) => report.fill(9, 0x34, 0x35) } },
    { input: () => ({ attestation_doc_b64: base64(new Uint8Array(1184)) }) },
    { input: () => ({ attestation_doc_b64: base64(gzipSync(new Uint8Array(1 << 20))) }) },
    { input: () => ({ attestation_doc_b64: "" }) },
    ...[0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x1f8, 0x207, 0x208, 0x29f].map(setAt),
    { report: { version: 2, change: (report) => report.fill(1, 0x188, 0x189) } },
    { report: { version: 5, change: (report) => report.fill(1, 0x208, 0x209) } },
  ],
  REPORT_TRUNCATED: [{ change: (report) => report.subarray(0, 1183) }, { change: () => new Uint8Array() }],
  WRONG_REPORT_VERSION: [0, 1, 4, 6, 0xffffffff].map((version) => ({ report: { version } })),
  VCEK_CHAIN_INVALID: [
    { input: () => ({ vcek_der_b64: "" }) },
    { input: () => ({ vcek_der_b64: base64(amd.ask) }) },
    { key: { extensions: [] } },
    { input: () => ({ amd_root_ca_pem: undefined, ask_pem: undefined }) },
    { key: { signer: () => amd.rootKey } },
    { key: { signer: () => stranger } },
    { key: { issuer: "SEV-Other" } },
    { key: { values: { "2": ia5("Rome-B0") } } },
    { key: { values: { "9": Uint8Array.of(5, 0) }, isCritical: true } },
    ...[0x10, 0x1f, 0xa0].map((model) => processor(0x19, model)),
    processor(0x1a, 0x02),
    { ...processor(0x19, 0x01), key: { product: "genoa" } },
    { ...processor(0x19, 0x11), key: { product: "turin" } },
  ],
  VCEK_EXPIRED: [
    { key: { notAfterMs: clock * 1000 - 1000 } },
    { input: () => ({ expiration_check_date_unix: 0 }) },
    { input: () => ({ expiration_check_date_unix: 4_000_000_000 }) },
    { key: { notBeforeMs: clock * 1000 + 1000 } },
  ],
  VCEK_HWID_MISMATCH: [
    { report: { chipId: new Uint8Array(64).fill(3) } },
    { key: { hardwareId: new Uint8Array(64).fill(3) } },
    { report: { product: "turin", chipId: chipIdOf("milan") }, key: { product: "turin" } },
  ],
  VCEK_TCB_MISMATCH: [
    ...(["bootloader", "tee", "snp", "microcode"] as const).flatMap((part) => [
      { key: { tcb: { ...levels, [part]: levels[part] + 1 } } },
      { key: { tcb: { ...levels, [part]: levels[part] - 1 } } },
    ]),
    ...[2, 3, 4, 5].map((part) => setAt(0x180 + part)),
  ],
  ARK_UNTRUSTED: [
    { input: () => ({ amd_root_ca_pem: "root" }) },
    { input: () => ({ amd_root_ca_pem: pem(unsigned) }) },
    { input: () => ({ amd_root_ca_pem: pem(amd.ask) }) },
    { input: () => ({ amd_root_ca_pem: pem(misshapen) }) },
    { input: () => ({ ask_pem: undefined }) },
    ...[
      "a root that is none",
      "a root that may only sign data",
      "a root that allows none below it",
      "an expired root",
      "a root of tomorrow",
    ].map((name) => ({ input: () => ({ amd_root_ca_pem: authorities[name] }) })),
  ],
  ASK_INVALID: [
    { input: () => ({ ask_pem: "ask" }) },
    { input: () => ({ ask_pem: pem(unsigned) }) },
    { input: () => ({ ask_pem: pem(misshapen) }) },
    { input: () => ({ amd_root_ca_pem: undefined }) },
    { input: () => ({ amd_root_ca_pem: authorities["a root without an authority below it"] }) },
    ...[
      "an authority that is none",
      "an authority that may only sign data",
      "an authority with a critical extension",
      "an expired authority",
      "an authority of tomorrow",
      "an authority of another root",
      "an authority by itself",
      "an authority by another kind of key",
    ].map((name) => ({ input: () => ({ ask_pem: authorities[name] }) })),
  ],
  ASK_REVOKED: ["revoking", "revoking and past"].map(listed),
  ARK_CRL_EXPIRED: [listed("past")],
  ARK_CRL_INVALID: [
    ...["by the authority", "by another kind of key", "in another name", "by the authority for itself"].map(listed),
    { input: () => ({ ark_crl_der_b64: "" }) },
    { input: () => ({ ark_crl_der_b64: base64(amd.ask) }) },
    { input: () => ({ ark_crl_der_b64: base64(Uint8Array.of(0x30, 0)) }) },
    {
      input: () => ({
        ark_crl_der_b64: lists["current"],
        amd_root_ca_pem: authorities["a root that may not sign lists"],
      }),
    },
  ],
  REPORT_SIGNATURE_INVALID: [
    { change: (report) => report.with(0x2a0, (report[0x2a0] ?? 0) ^ 1) },
    { change: (report) => report.with(0x90, 0) },
    { change: (report) => report.with(1183, 1) },
    { change: (report) => report.fill(0, 0x2a0) },
    { change: (report) => report.fill(0, 0x2a0, 0x2a0 + 72) },
    { change: (report) => report.fill(0, 0x2a0 + 72) },
    { change: (report) => report.with(0x2a0 + 48, 1) },
    { change: (report) => report.with(0x2a0 + 72 + 48, 1) },
    // Of what the signature covers: each field, and what the version reserves.
    ...[0x04, 0x08, 0x10, 0x20, 0x30, 0x38, 0x40, 0x48, 0x4c, 0x50, 0xc0, 0xe0, 0x110, 0x140, 0x160, 0x180].map(flipAt),
    ...[0x188, 0x18b, 0x1a0, 0x1e0, 0x1e8, 0x1eb, 0x1f0, 0x1f8, 0x208, 0x29f].map(flipAt),
  ],
  TCB_OUT_OF_DATE: [
    { policy: { min_tcb_bl_spl: levels.bootloader + 1 } },
    { policy: { min_tcb_tee_spl: levels.tee + 1 } },
    { policy: { min_tcb_snp_spl: levels.snp + 1 } },
    { policy: { min_tcb_ucode_spl: levels.microcode + 1 } },
    { policy: { min_tcb_bl_spl: 255 } },
    { report: { change: (report) => report.fill(3, 0x38, 0x39) }, policy: { min_tcb_bl_spl: levels.bootloader } },
  ],
  GUEST_POLICY_DEBUG_SET: [{ report: { policy: bits(19) } }],
  GUEST_POLICY_MIGRATE_MA_SET: [{ report: { policy: bits(18) } }],
  GUEST_POLICY_SINGLE_SOCKET_SET: [{ report: { policy: bits(20) } }],
  GUEST_POLICY_RESERVED_BIT_SET: [
    { report: { policy: bits(26) } },
    { report: { policy: bits(63) } },
    { report: { policy: 1n << 16n } },
    { report: { policy: bits(25) } },
    { report: { policy: bits(32) } },
  ],
  PLATFORM_INFO_INVALID: [6n, 7n, 8n, 32n, 63n].map((bit) => ({ report: { platformInfo: 1n << bit } })),
  SIGNER_INFO_INVALID: [
    { report: { signerInfo: 1 << 5 } },
    { report: { signerInfo: 2 } },
    { report: { signerInfo: 1 << 2 } },
    ...[2, 3, 4, 5, 6, 7].map((kind) => ({ report: { signerInfo: kind << 2 } })),
    { report: { signerInfo: 0x80000000 } },
    { report: { kind: "vlek", signerInfo: 0 }, key: { kind: "vlek" } },
    { report: { kind: "vlek", signerInfo: 2 << 2 }, key: { kind: "vlek" } },
    { report: { change: (report) => report.fill(1, 0x110, 0x111) } },
  ],
  MEASUREMENT_MISMATCH: [{ policy: { expected_measurement_hex: ones } }],
  HOST_DATA_MISMATCH: [{ policy: { expected_host_data_hex: "ff".repeat(32) } }],
  REPORT_DATA_MISMATCH: [{ policy: { expected_report_data_hex: "ff".repeat(64) } }],
  ID_KEY_DIGEST_MISMATCH: [{ policy: { expected_id_key_digest_hex: ones } }],
  AUTHOR_KEY_DIGEST_MISMATCH: [{ policy: { expected_author_key_digest_hex: ones } }],
};

function listed(name: string): Case {
  return { input: () => ({ ark_crl_der_b64: lists[name] }) };
}

/** Something set before the report is signed. */
function setAt(at: number): Case {
  return { report: { change: (report) => report.fill(1, at, at + 1) } };
}

/** A bit changed after the report was signed. */
function flipAt(at: number): Case {
  return { change: (report) => report.with(at, (report[at] ?? 0) ^ 0x10) };
}

function processor(family: number, model: number): Case {
  return { report: { change: (report) => report.set([family, model, 1], 0x188) } };
}

describe("a case of SEV-SNP", () => {
  it.each(Object.entries(cases).flatMap(([code, list]) => list.map((one, index) => ({ code, one, n: index + 1 }))))(
    "is rejected with $code ($n)",
    async ({ code, one }) => {
      expect(await outcomeOf(one)).toEqual({ exitCode: 10, code });
    },
  );

  it("is tried with every code, but that of a list which a policy alone can demand", () => {
    expect([...Object.keys(cases), "ARK_CRL_MISSING"].toSorted()).toEqual(Object.keys(snpFaults).toSorted());
  });

  it.each<[string, Case]>([
    ["in version 2", { report: { version: 2 } }],
    ["in version 5", { report: { version: 5 } }],
    ["of Genoa", { report: { product: "genoa" }, key: { product: "genoa" } }],
    ["of a processor of its line", processor(0x19, 0x01)],
    ["beside AMD's current list", listed("current")],
    ["beside AMD's list of tomorrow", listed("of tomorrow")],
    ["beside no list", { input: () => ({ ark_crl_der_b64: null }) }],
    ["of Bergamo", { ...processor(0x19, 0xa0), key: { product: "genoa" } }],
    ["of a processor that nobody knows yet", processor(0x1b, 0x01)],
    ["of a model that nobody knows yet", processor(0x1a, 0x20)],
    ["of microcode as new as can be", { report: { tcb: newest }, key: { tcb: newest } }],
    [
      "of a later processor of Turin",
      {
        report: { product: "turin", change: (report) => report.set([0x1a, 0x11, 0], 0x188) },
        key: { product: "turin" },
      },
    ],
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
