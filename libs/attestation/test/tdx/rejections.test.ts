import { describe, expect, it } from "@jest/globals";
import { tdxFaults, type TdxFault } from "@cloister/attestation/tdx";
import { der, extension, integer, octets, oid, sequence } from "@cloister/testing/evidence";
import { outcomeOf } from "./outcome.ts";
import {
  authorityCertificate,
  base64,
  type CaseChange,
  hexBytes,
  level,
  moduleFields,
  names,
  newKeyPair,
  nowMs,
  partLevel,
  pckCertificate,
  pem,
  pckChain,
  pckList,
  platform,
  qeIdentity,
  qeIdentityFields,
  quote,
  type QuoteChange,
  root,
  rootList,
  serials,
  sgxExtension,
  sgxValue,
  signedDocument,
  signerCertificate,
  strangeRoot,
  strangeRootKey,
  tcbInfo,
  tdxComponents,
} from "@cloister/testing/evidence/tdx";

const day = 86_400_000;
const stranger = newKeyPair();
const ofQuote = (change: QuoteChange): CaseChange => ({ quote: quote(change) });
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
const list = (revoked: number) => ({ revoked: [revoked] });
const past = { nextUpdateMs: nowMs - 1000 };
const expired = { notAfterMs: nowMs - 1000 };
const issuers = (certificate: Uint8Array, top: Uint8Array = root): string => pem(certificate, top);
const attributes = (hex: string): QuoteChange => ({ guest: { tdAttributes: hexBytes(hex) } });

/** An identity of the module that looks at none of its attributes. */
const unmasked = { id: "TDX_01", ...moduleFields, attributesMask: "00".repeat(8), tcbLevels: [partLevel(3)] };

const rejected: readonly (readonly [TdxFault, string, CaseChange])[] = [
  ["QUOTE_FORMAT_UNSUPPORTED", "a quote of version 3", ofQuote({ version: 3 })],
  ["QUOTE_FORMAT_UNSUPPORTED", "a body of an unknown type", ofQuote({ version: 5, bodyType: 9 })],
  ["QUOTE_FORMAT_UNSUPPORTED", "a body of another length than its type", ofQuote({ version: 5, bodyLength: 600 })],
  ["QUOTE_FORMAT_UNSUPPORTED", "a PCK chain without a report of the quoting enclave", ofQuote({ outerType: 5 })],
  ["QUOTE_FORMAT_UNSUPPORTED", "an encrypted platform id instead of a PCK chain", ofQuote({ innerType: 3 })],
  ["QUOTE_FORMAT_UNSUPPORTED", "bytes after the PCK chain", ofQuote({ afterInner: Uint8Array.of(0) })],
  ["QUOTE_FORMAT_UNSUPPORTED", "bytes after the certification", ofQuote({ afterOuter: Uint8Array.of(0) })],
  ["QUOTE_FORMAT_UNSUPPORTED", "more than 64 KiB", { quote: padded(64 * 1024 + 1) }],
  ["QUOTE_TRUNCATED", "nothing at all", { quote: new Uint8Array() }],
  ["QUOTE_TRUNCATED", "half of a header", { quote: quote().subarray(0, 30) }],
  ["QUOTE_TRUNCATED", "a quote without its last byte", { quote: quote().subarray(0, -1) }],
  ["WRONG_TEE_TYPE", "a quote of an SGX enclave", ofQuote({ teeType: 0 })],
  ["WRONG_TEE_TYPE", "the body of an SGX enclave", ofQuote({ version: 5, bodyType: 1 })],
  ["ATTESTATION_KEY_TYPE_UNSUPPORTED", "a key of P-384", ofQuote({ keyType: 3 })],
  ["QE_VENDOR_UNKNOWN", "another vendor's quoting enclave", ofQuote({ vendor: new Uint8Array(16) })],
  ["PCK_CHAIN_INVALID", "a leaf that a stranger signed", chain(pckCertificate({ issuerKey: stranger }))],
  [
    "PCK_CHAIN_INVALID",
    "an authority that a stranger signed",
    chain(pckCertificate(), authorityCertificate({ issuerKey: stranger })),
  ],
  ["PCK_CHAIN_INVALID", "a changed copy of the root", chain(undefined, undefined, flipped(root, root.length - 3))],
  ["PCK_CHAIN_INVALID", "a leaf of another name", chain(pckCertificate({ subject: names.signer }))],
  ["PCK_CHAIN_INVALID", "a leaf that names no platform", chain(pckCertificate({ extensions: [] }))],
  [
    "PCK_CHAIN_INVALID",
    "a leaf without the SVN of its PCE",
    chain(pckCertificate({ extensions: [sgxExtension({ ...platform, components: platform.components.slice(1) })] })),
  ],
  ["PCK_CHAIN_INVALID", "a platform id in another type", ofExtension({ "1": der(0x02, new Uint8Array(16).fill(1)) })],
  ["PCK_CHAIN_INVALID", "a family of another length", ofExtension({ "4": octets(new Uint8Array(7)) })],
  [
    "PCK_CHAIN_INVALID",
    "versions in another type",
    ofExtension({ "2": svnsOf((id) => sgxValue(id, octets(Uint8Array.of(11)))) }),
  ],
  ["PCK_CHAIN_INVALID", "more behind a version", ofExtension({ "2": svnsOf(followed) })],
  ["PCK_CHAIN_INVALID", "two families", ofExtension({}, sgxValue("4", octets(new Uint8Array(6))))],
  [
    "PCK_CHAIN_INVALID",
    "an authority that may not sign lists",
    chain(pckCertificate(), authorityCertificate({ keyUsage: 0x04 })),
  ],
  [
    "PCK_CHAIN_INVALID",
    "a list with a critical extension",
    listed("pck_crl", pckList({ extensions: [extension("2.5.29.27", integer(1), true)] })),
  ],
  [
    "PCK_CHAIN_INVALID",
    "expired issuers of the PCK list",
    ofCollateral({ pck_crl_issuer_chain_pem: issuers(authorityCertificate(expired)) }),
  ],
  [
    "PCK_CHAIN_INVALID",
    "issuers of the PCK list of another name",
    ofCollateral({ pck_crl_issuer_chain_pem: issuers(authorityCertificate({ subject: names.signer })) }),
  ],
  [
    "PCK_CHAIN_INVALID",
    "the issuer of the PCK list without its root",
    ofCollateral({ pck_crl_issuer_chain_pem: pem(authorityCertificate()) }),
  ],
  ["PCK_CHAIN_INVALID", "no PEM", ofQuote({ chain: Buffer.from("-----BEGIN CERTIFICATE-----\n") })],
  ["PCK_CHAIN_INVALID", "PEM in CRLF", ofQuote({ chain: Buffer.from(String(pckChain()).replaceAll("\n", "\r\n")) })],
  ["PCK_CHAIN_INVALID", "four certificates", ofQuote({ chain: Buffer.concat([pckChain(), Buffer.from(pem(root))]) })],
  ["PCK_CHAIN_INVALID", "a PCK list that a stranger signed", listed("pck_crl", pckList({ issuerKey: stranger }))],
  ["PCK_CHAIN_INVALID", "a list of another authority", listed("pck_crl", pckList({ issuer: "Processor CA" }))],
  ["PCK_CHAIN_INVALID", "a list that is none", listed("pck_crl", Uint8Array.of(0x30, 0))],
  ["PCK_CHAIN_INVALID", "a root list that a stranger signed", listed("root_crl", rootList({ issuerKey: stranger }))],
  [
    "PCK_CHAIN_INVALID",
    "issuers of the PCK list under a strange root",
    ofCollateral({
      pck_crl_issuer_chain_pem: issuers(authorityCertificate({ issuerKey: strangeRootKey }), strangeRoot),
    }),
  ],
  [
    "PCK_CHAIN_INVALID",
    "issuers of the PCK list with another key",
    ofCollateral({ pck_crl_issuer_chain_pem: issuers(authorityCertificate({ key: stranger })) }),
  ],
  ["PCK_CHAIN_INCOMPLETE", "no chain at all", ofQuote({ chain: new Uint8Array() })],
  ["PCK_CHAIN_INCOMPLETE", "a leaf alone", ofQuote({ chain: Buffer.from(pem(pckCertificate())) })],
  [
    "PCK_CHAIN_INCOMPLETE",
    "a chain without its root",
    ofQuote({ chain: Buffer.from(pem(pckCertificate(), authorityCertificate())) }),
  ],
  ["PCK_FMSPC_MISMATCH", "TCB info of another family", ofTcbInfo({ fmspc: "000000000001" })],
  ["PCK_FMSPC_MISMATCH", "another family than expected", expecting("fmspc", "000000000001")],
  [
    "ROOT_CA_UNTRUSTED",
    "a chain to another root",
    chain(pckCertificate(), authorityCertificate({ issuerKey: strangeRootKey }), strangeRoot),
  ],
  [
    "ROOT_CA_UNTRUSTED",
    "the same chain where another root is trusted",
    ofCollateral({ intel_root_ca_pem: pem(strangeRoot) }),
  ],
  ["PCK_EXPIRED", "an expired leaf", chain(pckCertificate(expired))],
  ["PCK_EXPIRED", "a leaf of tomorrow", chain(pckCertificate({ notBeforeMs: nowMs + day }))],
  ["PCK_EXPIRED", "an expired authority", chain(pckCertificate(), authorityCertificate(expired))],
  ["PCK_EXPIRED", "any chain in ten years", { atMs: nowMs + 3650 * day }],
  ["PCK_REVOKED", "a leaf on its authority's list", listed("pck_crl", pckList(list(serials.pck)))],
  ["INTERMEDIATE_REVOKED", "an authority on the root's list", listed("root_crl", rootList(list(serials.authority)))],
  ["QUOTE_SIGNATURE_INVALID", "a guest changed after signing", { quote: flipped(quote(), 48 + 200) }],
  ["QUOTE_SIGNATURE_INVALID", "a header changed after signing", { quote: flipped(quote(), 40) }],
  ["QUOTE_SIGNATURE_INVALID", "another key's signature", ofQuote({ signer: stranger })],
  ["QE_REPORT_SIGNATURE_INVALID", "a report that a stranger signed", ofQuote({ qeSigner: stranger })],
  ["AK_BINDING_INVALID", "a report that binds another key", ofQuote({ qeReportData: new Uint8Array(64) })],
  [
    "AK_BINDING_INVALID",
    "more after the binding than zeros",
    { quote: quote({ qeReportData: Uint8Array.from({ length: 64 }, () => 1) }) },
  ],
  ["AK_MISMATCH", "a key that is no point of the curve", ofQuote({ attestationKey: new Uint8Array(64).fill(1) })],
  [
    "TCB_INFO_SIGNATURE_INVALID",
    "TCB info that a stranger signed",
    ofCollateral({ tcb_info_json: tcbInfoBy(stranger) }),
  ],
  [
    "TCB_INFO_SIGNATURE_INVALID",
    "TCB info spelled another way",
    ofCollateral({ tcb_info_json: tcbInfo().replace('"version":3', '"version": 3') }),
  ],
  [
    "TCB_INFO_SIGNATURE_INVALID",
    "TCB info with a member that nobody signed",
    ofCollateral({ tcb_info_json: tcbInfo().replace(/}$/, ',"more":1}') }),
  ],
  ["TCB_INFO_SIGNATURE_INVALID", "TCB info that is no JSON", ofCollateral({ tcb_info_json: '{"tcbInfo":{' })],
  [
    "TCB_INFO_CHAIN_INVALID",
    "a signer that a stranger certified",
    ofCollateral({ tcb_info_issuer_chain_pem: issuers(signerCertificate({ issuerKey: stranger })) }),
  ],
  [
    "TCB_INFO_CHAIN_INVALID",
    "a signer under another root",
    ofCollateral({
      tcb_info_issuer_chain_pem: issuers(signerCertificate({ issuerKey: strangeRootKey }), strangeRoot),
    }),
  ],
  [
    "TCB_INFO_CHAIN_INVALID",
    "an expired signer",
    ofCollateral({ tcb_info_issuer_chain_pem: issuers(signerCertificate(expired)) }),
  ],
  [
    "TCB_INFO_CHAIN_INVALID",
    "a signer of another name",
    ofCollateral({ tcb_info_issuer_chain_pem: issuers(signerCertificate({ subject: names.authority })) }),
  ],
  [
    "TCB_INFO_CHAIN_INVALID",
    "a third certificate among the issuers",
    ofCollateral({ tcb_info_issuer_chain_pem: pem(signerCertificate(), root, root) }),
  ],
  [
    "TCB_INFO_CHAIN_INVALID",
    "a signer without its root",
    ofCollateral({ tcb_info_issuer_chain_pem: pem(signerCertificate()) }),
  ],
  ["TCB_INFO_CHAIN_INVALID", "issuers that are no PEM", ofCollateral({ tcb_info_issuer_chain_pem: "none" })],
  ["TCB_INFO_CHAIN_INVALID", "a revoked signer", listed("root_crl", rootList(list(serials.signer)))],
  [
    "QE_IDENTITY_SIGNATURE_INVALID",
    "a QE identity that a stranger signed",
    ofCollateral({ qe_identity_json: signedDocument("enclaveIdentity", JSON.stringify(qeIdentityFields()), stranger) }),
  ],
  [
    "QE_IDENTITY_SIGNATURE_INVALID",
    "an expired signer of the QE identity",
    ofCollateral({ qe_identity_issuer_chain_pem: issuers(signerCertificate(expired)) }),
  ],
  ["QE_IDENTITY_SIGNATURE_INVALID", "a QE identity that is no JSON", ofCollateral({ qe_identity_json: "[]" })],
  [
    "QE_IDENTITY_MRSIGNER_MISMATCH",
    "an enclave that another signed",
    ofQuote({ qe: { mrSigner: new Uint8Array(32) } }),
  ],
  ["QE_IDENTITY_FIELD_MISMATCH", "another enclave of Intel's", ofQuote({ qe: { isvProdId: Uint8Array.of(1, 0) } })],
  ["QE_IDENTITY_FIELD_MISMATCH", "an enclave with a debugger", ofQuote({ qe: { attributes: qeAttributes("13") } })],
  [
    "QE_IDENTITY_FIELD_MISMATCH",
    "an enclave with more state",
    ofQuote({ qe: { miscSelect: Uint8Array.of(1, 0, 0, 0) } }),
  ],
  ["QE_IDENTITY_ID_INVALID", "the identity of the SGX enclave", ofQeIdentity({ id: "QE" })],
  ["QE_IDENTITY_VERSION_INVALID", "an identity of version 1", ofQeIdentity({ version: 1 })],
  ["TCB_REVOKED", "a revoked platform", ofTcbInfo({ tcbLevels: [level({ status: "Revoked" })] })],
  ["TCB_REVOKED", "a revoked quoting enclave", ofQeIdentity({ tcbLevels: [partLevel(8, "Revoked")] })],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "SGX parts below every level", ofTcbInfo({ tcbLevels: [level({ pceSvn: 12 })] })],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "one SGX part below every level",
    ofTcbInfo({ tcbLevels: [level({ sgx: platform.components.with(15, 6) })] }),
  ],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "a TDX module with other attributes",
    ofQuote({ guest: { seamAttributes: new Uint8Array(8).fill(1) } }),
  ],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "TDX parts below every level",
    ofTcbInfo({ tcbLevels: [level({ tdx: tdxComponents.with(2, 6) })] }),
  ],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "a TDX module with an attribute that TCB info doesn't look at",
    both(
      ofQuote({ guest: { seamAttributes: new Uint8Array(8).with(7, 1) } }),
      ofTcbInfo({ tdxModuleIdentities: [unmasked] }),
    ),
  ],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info of SGX", ofTcbInfo({ id: "SGX" })],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info of version 2", ofTcbInfo({ version: 2 })],
  [
    "TCB_REVOKED",
    "a revoked TDX module",
    ofTcbInfo({ tdxModuleIdentities: [{ ...unmasked, tcbLevels: [partLevel(3, "Revoked")] }] }),
  ],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "a TDX module below every level",
    ofTcbInfo({ tdxModuleIdentities: [{ ...unmasked, tcbLevels: [partLevel(4)] }] }),
  ],
  [
    "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
    "an old TDX module",
    ofTcbInfo({ tdxModuleIdentities: [{ ...unmasked, tcbLevels: [partLevel(4), partLevel(2, "OutOfDate")] }] }),
  ],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info without levels", ofTcbInfo({ tcbLevels: [] })],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "a status that Intel doesn't have",
    ofTcbInfo({ tcbLevels: [level({ status: "Fine" })] }),
  ],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info of another PCE", ofTcbInfo({ pceId: "0001" })],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "a TDX module that TCB info doesn't know", ofTcbInfo({ tdxModuleIdentities: [] })],
  [
    "QV_RESULT_TERMINAL_UNSPECIFIED",
    "a TDX module that another signed",
    ofQuote({ guest: { mrSignerSeam: new Uint8Array(48).fill(1) } }),
  ],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "a QE below every level", ofQuote({ qe: { isvSvn: Uint8Array.of(3, 0) } })],
  ["QV_RESULT_TERMINAL_UNSPECIFIED", "a QE identity without a signer", ofQeIdentity({ mrsigner: undefined })],
  ["QV_RESULT_NOT_ACCEPTED_BY_POLICY", "an old platform", ofTcbInfo({ tcbLevels: [level({ status: "OutOfDate" })] })],
  ["QV_RESULT_NOT_ACCEPTED_BY_POLICY", "an old quoting enclave", ofQuote({ qe: { isvSvn: Uint8Array.of(5, 0) } })],
  ["QV_RESULT_NOT_ACCEPTED_BY_POLICY", "nothing accepted", { policy: { accepted_qv_results: [] } }],
  ["TD_ATTRIBUTES_MISMATCH", "other attributes than expected", expecting("td_attributes", "00".repeat(8))],
  ["XFAM_MISMATCH", "another XFAM than expected", expecting("xfam", "00".repeat(8))],
  ["MR_SIGNER_SEAM_MISMATCH", "another module's signer than expected", expecting("mr_signer_seam", "01".repeat(48))],
  ["SEAM_ATTRIBUTES_MISMATCH", "other module attributes than expected", expecting("seam_attributes", "01".repeat(8))],
  ["MR_SEAM_NOT_ALLOWED", "a module that isn't listed", { policy: { expected_mrseam_allowlist: ["bb".repeat(48)] } }],
  ["MRTD_MISMATCH", "another guest than expected", expecting("mrtd", "22".repeat(48))],
  ["MR_CONFIG_ID_MISMATCH", "another configuration id than expected", expecting("mr_config_id", "01".repeat(48))],
  ["MR_OWNER_MISMATCH", "another owner than expected", expecting("mr_owner", "01".repeat(48))],
  ["MR_OWNER_CONFIG_MISMATCH", "another owner's configuration", expecting("mr_owner_config", "01".repeat(48))],
  [
    "RTMR3_NONZERO",
    "a register that should be zero",
    {
      quote: quote({ guest: { rtmr3: new Uint8Array(48).fill(1) } }),
      policy: { expected_rtmr3_hex: "00".repeat(48) },
    },
  ],
  ["REPORT_DATA_MISMATCH", "other report data than expected", expecting("report_data", "00".repeat(64))],
  ["REPORT_DATA_MISMATCH", "half of the report data", expecting("report_data", "66".repeat(32))],
  ["TEE_TCB_SVN_BELOW_MINIMUM", "one part below the minimum", minimumSvn("0301060000000000")],
  ["QE_VENDOR_ID_MISMATCH", "another vendor than expected", expecting("qe_vendor_id", "00".repeat(16))],
  ["TD_ATTRIBUTES_DEBUG_SET", "a guest with a debugger", byDefaults(attributes("0100000000000000"))],
  ["TD_ATTRIBUTES_RESERVED_BIT_SET", "a reserved bit of the first byte", byDefaults(attributes("0200000000000000"))],
  ["TD_ATTRIBUTES_RESERVED_BIT_SET", "the key locker", byDefaults(attributes("0000008000000000"))],
  ["XFAM_REQUIRED_BIT_CLEAR", "a guest without SSE", byDefaults({ guest: { xfam: hexBytes("0100000000000000") } })],
  ["XFAM_FORBIDDEN_BIT_SET", "a feature of supervisors", byDefaults({ guest: { xfam: hexBytes("0301000000000001") } })],
  ["TCB_EVAL_DATA_NUMBER_TOO_LOW", "an evaluation too long ago", { policy: { min_tcb_evaluation_data_number: 19 } }],
  [
    "TCB_EVAL_DATA_NUMBER_TOO_LOW",
    "a QE identity of before",
    { ...ofQeIdentity({ tcbEvaluationDataNumber: 17 }), policy: { min_tcb_evaluation_data_number: 18 } },
  ],
  ["PCK_CRL_EXPIRED", "a PCK list past its next update", listed("pck_crl", pckList(past))],
  ["ROOT_CRL_EXPIRED", "a root list past its next update", listed("root_crl", rootList(past))],
];

/** A quote with zeros behind it. */
function padded(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(quote());
  return bytes;
}

function both(one: CaseChange, other: CaseChange): CaseChange {
  return { ...one, ...other };
}

function ofExtension(values: Readonly<Record<string, Uint8Array>>, ...more: readonly Uint8Array[]): CaseChange {
  return chain(pckCertificate({ extensions: [sgxExtension(platform, values, ...more)] }));
}

function svnsOf(member: (id: string) => Uint8Array): Uint8Array {
  return sequence(...Array.from({ length: 17 }, (_, index) => member(`2.${String(index + 1)}`)));
}

/** One value and a second one, where one is. */
function followed(id: string): Uint8Array {
  return sequence(oid(`1.2.840.113741.1.13.1.${id}`), integer(11), integer(11));
}

function chain(...certificates: Parameters<typeof pckChain>): CaseChange {
  return ofQuote({ chain: pckChain(...certificates) });
}

function ofCollateral(collateral: Readonly<Record<string, string>>): CaseChange {
  return { collateral };
}

function listed(name: "pck_crl" | "root_crl", der: Uint8Array): CaseChange {
  return ofCollateral({ [`${name}_der_b64`]: base64(der) });
}

function ofTcbInfo(change: object): CaseChange {
  return ofCollateral({ tcb_info_json: tcbInfo(change) });
}

function ofQeIdentity(change: object): CaseChange {
  return ofCollateral({ qe_identity_json: qeIdentity(change) });
}

function tcbInfoBy(key: typeof stranger): string {
  return signedDocument("tcbInfo", tcbInfo().slice('{"tcbInfo":'.length, -(128 + '","signature":"'.length)), key);
}

function expecting(field: string, hex: string): CaseChange {
  return { policy: { [`expected_${field}_hex`]: hex } };
}

function minimumSvn(hex: string): CaseChange {
  return { policy: { min_tee_tcb_svn_hex: hex.padEnd(32, "0") } };
}

function byDefaults(change: QuoteChange): CaseChange {
  return { quote: quote(change), policy: { enforce_spec_defaults: true } };
}

function qeAttributes(first: string): Uint8Array {
  return hexBytes(first.padEnd(32, "0"));
}

describe("a TDX quote", () => {
  it.each(rejected)("is rejected with %s for %s", async (code, _what, change) => {
    expect(await outcomeOf(change)).toBe(code);
  });

  it("is cut off wherever it ends too early", async () => {
    const whole = quote();
    const ends = [1, 2, 4, 8, 12, 28, 47, 48, 631, 632, 635, 636, 700, 764, 770, 1154, 1218, 1219, 1300, 2000];
    const outcomes = await Promise.all(ends.map((end) => outcomeOf({ quote: whole.subarray(0, end) })));
    expect(new Set(outcomes)).toEqual(new Set(["QUOTE_TRUNCATED"]));
  });

  it.each<[string, TdxFault, CaseChange]>([
    [
      "its form before its chain",
      "WRONG_TEE_TYPE",
      ofQuote({ teeType: 0, chain: pckChain(pckCertificate({ issuerKey: stranger })) }),
    ],
    ["its chain before the clock", "PCK_CHAIN_INVALID", chain(pckCertificate({ issuerKey: stranger, ...expired }))],
    [
      "its root before the rest of its chain",
      "ROOT_CA_UNTRUSTED",
      chain(pckCertificate(expired), undefined, strangeRoot),
    ],
    [
      "revocation before the lists' dates",
      "INTERMEDIATE_REVOKED",
      listed("root_crl", rootList({ ...list(serials.authority), ...past })),
    ],
    [
      "revocation before signatures",
      "PCK_REVOKED",
      both(ofQuote({ signer: stranger }), listed("pck_crl", pckList(list(serials.pck)))),
    ],
    [
      "signatures before the platform",
      "QUOTE_SIGNATURE_INVALID",
      both(ofQuote({ signer: stranger }), ofTcbInfo({ fmspc: "000000000001" })),
    ],
    [
      "TCB info before the QE identity",
      "TCB_INFO_SIGNATURE_INVALID",
      ofCollateral({ tcb_info_json: "", qe_identity_json: "" }),
    ],
    [
      "the platform before the guest",
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
      { ...ofTcbInfo({ tcbLevels: [level({ status: "OutOfDate" })] }), policy: { expected_mrtd_hex: "22".repeat(48) } },
    ],
    ["debugging before other attributes", "TD_ATTRIBUTES_DEBUG_SET", byDefaults(attributes("0300000000000000"))],
  ])("is judged by %s", async (_what, code, change) => {
    expect(await outcomeOf(change)).toBe(code);
  });

  it("can be rejected with every code, but those of collateral that cases accept past its date", () => {
    const ofVerifiersAlone = ["TCB_INFO_EXPIRED", "QE_IDENTITY_EXPIRED"];
    const reached = new Set<string>([...rejected.map(([code]) => code), ...ofVerifiersAlone]);
    expect(Object.keys(tdxFaults).filter((code) => !reached.has(code))).toEqual([]);
  });
});
