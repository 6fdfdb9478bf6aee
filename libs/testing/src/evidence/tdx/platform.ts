import { createHash } from "node:crypto";
import { extension } from "../certificate-maker.ts";
import { der, integer, octets, oid, sequence } from "../der-writer.ts";
import { certificate, type KeyPair, newKeyPair, pem, pointOf, rawSignature, revocationList } from "./authority.ts";

/** A platform that Intel never made: its own root, authorities, collateral and quotes, each part changeable. */

export const nowMs = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const notBeforeMs = nowMs - 100 * day;
const notAfterMs = nowMs + 1000 * day;

const keys = {
  root: newKeyPair(),
  authority: newKeyPair(),
  pck: newKeyPair(),
  signer: newKeyPair(),
  attestation: newKeyPair(),
};

export const serials = { root: 1, authority: 0x81, pck: 0x1234, signer: 77 };
const names = {
  root: "Intel SGX Root CA",
  authority: "Intel SGX PCK Platform CA",
  pck: "Intel SGX PCK Certificate",
  signer: "Intel SGX TCB Signing",
};

export interface PlatformFields {
  readonly fmspc: string;
  readonly pceId: string;
  readonly components: readonly number[];
  readonly pceSvn: number;
}

export const platform: PlatformFields = {
  fmspc: "00906ed50000",
  pceId: "0000",
  components: Array.from({ length: 16 }, () => 5),
  pceSvn: 11,
};

const SGX = "1.2.840.113741.1.13.1";
/** One member of the SGX extension, by the end of its OID, as 2.17. */
export const sgxValue = (id: string, element: Uint8Array): Uint8Array => sequence(oid(`${SGX}.${id}`), element);

/** @param values members of the extension in place of the right ones, by the end of their OID, and more behind them. */
export function sgxExtension(
  { fmspc, pceId, components, pceSvn }: PlatformFields,
  values: Readonly<Record<string, Uint8Array>> = {},
  ...more: readonly Uint8Array[]
): Uint8Array {
  const svns = [...components, pceSvn].map((svn, index) => sgxValue(`2.${index + 1}`, integer(svn)));
  const members = {
    "1": octets(new Uint8Array(16)),
    "2": sequence(...svns, sgxValue("2.18", octets(new Uint8Array(16)))),
    "3": octets(Buffer.from(pceId, "hex")),
    "4": octets(Buffer.from(fmspc, "hex")),
    "5": der(0x0a, Uint8Array.of(0)),
    ...values,
  };
  return extension(SGX, sequence(...Object.entries(members).map(([id, member]) => sgxValue(id, member)), ...more));
}

type Dates = Partial<Record<"notBeforeMs" | "notAfterMs", number>>;
const valid = { notBeforeMs, notAfterMs };

export const root = certificate({
  ...valid,
  subject: names.root,
  issuer: names.root,
  key: keys.root,
  issuerKey: keys.root,
  serial: serials.root,
  isAuthority: true,
});

/** A root of the same name that nobody trusts. */
export const strangeRootKey = newKeyPair();
export const strangeRoot = certificate({
  ...valid,
  subject: names.root,
  issuer: names.root,
  key: strangeRootKey,
  issuerKey: strangeRootKey,
  serial: serials.root,
  isAuthority: true,
});

type AuthorityChange = Dates & { issuerKey?: KeyPair; key?: KeyPair; subject?: string; keyUsage?: number };

export function authorityCertificate(change: AuthorityChange = {}): Uint8Array {
  return certificate({
    ...valid,
    subject: names.authority,
    issuer: names.root,
    key: keys.authority,
    issuerKey: keys.root,
    serial: serials.authority,
    isAuthority: true,
    ...change,
  });
}

export interface PckChange extends Dates {
  readonly subject?: string;
  readonly issuerKey?: KeyPair;
  readonly extensions?: readonly Uint8Array[];
}

export function pckCertificate(change: PckChange = {}): Uint8Array {
  return certificate({
    ...valid,
    subject: names.pck,
    issuer: names.authority,
    key: keys.pck,
    issuerKey: keys.authority,
    serial: serials.pck,
    isAuthority: false,
    extensions: [sgxExtension(platform)],
    ...change,
  });
}

export function signerCertificate(change: Dates & { subject?: string; issuerKey?: KeyPair } = {}): Uint8Array {
  return certificate({
    ...valid,
    subject: names.signer,
    issuer: names.root,
    key: keys.signer,
    issuerKey: keys.root,
    serial: serials.signer,
    isAuthority: false,
    ...change,
  });
}

interface ListChange {
  readonly revoked?: readonly number[];
  readonly nextUpdateMs?: number;
  readonly issuerKey?: KeyPair;
  readonly issuer?: string;
  readonly extensions?: readonly Uint8Array[];
}
const current = { revoked: [], nextUpdateMs: nowMs + 20 * day };

export const pckList = (change: ListChange = {}): Uint8Array =>
  revocationList({ ...current, issuer: names.authority, issuerKey: keys.authority, ...change });

export const rootList = (change: ListChange = {}): Uint8Array =>
  revocationList({ ...current, issuer: names.root, issuerKey: keys.root, ...change });

/** `{"<member>":<text>,"signature":"…"}`, signed over the text. */
export function signedDocument(member: string, text: string, key: KeyPair = keys.signer): string {
  const signature = Buffer.from(rawSignature(key, Buffer.from(text))).toString("hex");
  return `{"${member}":${text},"signature":"${signature}"}`;
}

const svns = (values: readonly number[]): readonly { svn: number }[] => values.map((svn) => ({ svn }));

export interface Level {
  readonly sgx?: readonly number[];
  readonly pceSvn?: number;
  readonly tdx?: readonly number[];
  readonly status?: string;
  readonly advisoryIDs?: readonly string[];
}

export const tdxComponents = [3, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

export function level({ sgx = platform.components, pceSvn = 11, tdx = tdxComponents, ...rest }: Level = {}): object {
  const { status = "UpToDate", advisoryIDs = [] } = rest;
  return {
    tcb: { sgxtcbcomponents: svns(sgx), pcesvn: pceSvn, tdxtcbcomponents: svns(tdx) },
    tcbDate: "2026-01-01T00:00:00Z",
    tcbStatus: status,
    advisoryIDs,
  };
}

export const partLevel = (isvsvn: number, tcbStatus = "UpToDate"): object => ({
  tcb: { isvsvn },
  tcbDate: "2026-01-01T00:00:00Z",
  tcbStatus,
});

export const moduleFields = {
  mrsigner: "00".repeat(48),
  attributes: "00".repeat(8),
  attributesMask: "FF".repeat(8),
};

export function tcbInfoFields(change: object = {}): object {
  return {
    id: "TDX",
    version: 3,
    issueDate: "2026-05-20T00:00:00Z",
    nextUpdate: "2026-06-20T00:00:00Z",
    fmspc: platform.fmspc,
    pceId: platform.pceId,
    tcbType: 0,
    tcbEvaluationDataNumber: 18,
    tdxModule: moduleFields,
    tdxModuleIdentities: [{ id: "TDX_01", ...moduleFields, tcbLevels: [partLevel(3), partLevel(2, "OutOfDate")] }],
    tcbLevels: [level()],
    ...change,
  };
}

export const tcbInfo = (change: object = {}): string =>
  signedDocument("tcbInfo", JSON.stringify(tcbInfoFields(change)));

export function qeIdentityFields(change: object = {}): object {
  return {
    id: "TD_QE",
    version: 2,
    issueDate: "2026-05-20T00:00:00Z",
    nextUpdate: "2026-06-20T00:00:00Z",
    tcbEvaluationDataNumber: 18,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: "DC".repeat(32),
    isvprodid: 2,
    tcbLevels: [partLevel(8), partLevel(4, "OutOfDate")],
    ...change,
  };
}

export const qeIdentity = (change: object = {}): string =>
  signedDocument("enclaveIdentity", JSON.stringify(qeIdentityFields(change)));

const field = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
export const hexBytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** The guest's fields in the order of the quote. */
export const guest = {
  teeTcbSvn: Uint8Array.from(tdxComponents),
  mrSeam: field(48, 0xaa),
  mrSignerSeam: field(48, 0),
  seamAttributes: field(8, 0),
  tdAttributes: hexBytes("0000001000000000"),
  xfam: hexBytes("e71a060000000000"),
  mrTd: field(48, 0x11),
  mrConfigId: field(48, 0),
  mrOwner: field(48, 0),
  mrOwnerConfig: field(48, 0),
  rtmr0: field(48, 0x22),
  rtmr1: field(48, 0x33),
  rtmr2: field(48, 0x44),
  rtmr3: field(48, 0),
  reportData: field(64, 0x66),
};
export const guestOf15 = { teeTcbSvn2: Uint8Array.from(tdxComponents), mrServiceTd: field(48, 0) };

export interface QuoteChange {
  readonly version?: number;
  readonly keyType?: number;
  readonly teeType?: number;
  readonly vendor?: Uint8Array;
  readonly guest?: Partial<typeof guest>;
  /** Of version 5: type and claimed length of the body; TDX 1.5 with these fields if they are given. */
  readonly bodyType?: number;
  readonly bodyLength?: number;
  readonly guestOf15?: Partial<typeof guestOf15>;
  readonly qe?: Partial<Record<"miscSelect" | "attributes" | "mrSigner" | "isvProdId" | "isvSvn", Uint8Array>>;
  readonly qeReportData?: Uint8Array;
  readonly qeSigner?: KeyPair;
  readonly attestationKey?: Uint8Array;
  readonly signer?: KeyPair;
  readonly authenticationData?: Uint8Array;
  readonly outerType?: number;
  readonly innerType?: number;
  readonly chain?: Uint8Array;
  readonly afterOuter?: Uint8Array;
  readonly afterInner?: Uint8Array;
  readonly after?: Uint8Array;
}

const uint16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);
const uint32 = (value: number): Uint8Array => Uint8Array.from(new Uint8Array(Uint32Array.of(value).buffer));
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

export function pckChain(
  leaf = pckCertificate(),
  authority = authorityCertificate(),
  top: Uint8Array = root,
): Uint8Array {
  return Buffer.from(pem(leaf, authority, top));
}

export function quote(change: QuoteChange = {}): Uint8Array {
  const { version = 4, attestationKey = pointOf(keys.attestation), authenticationData = field(32, 9) } = change;
  const header = join(
    uint16(version),
    uint16(change.keyType ?? 2),
    uint32(change.teeType ?? 0x81),
    field(4, 0),
    change.vendor ?? hexBytes("939a7233f79c4ca9940a0db3957f0607"),
    field(20, 0),
  );
  const signedBytes = join(header, body(version, change));
  const qeReport = makeQeReport(change, attestationKey, authenticationData);
  const chain = change.chain ?? pckChain();
  const inner = join(
    qeReport,
    rawSignature(change.qeSigner ?? keys.pck, qeReport),
    uint16(authenticationData.length),
    authenticationData,
    uint16(change.innerType ?? 5),
    uint32(chain.length),
    chain,
    change.afterInner ?? field(0, 0),
  );
  const signatureData = join(
    rawSignature(change.signer ?? keys.attestation, signedBytes),
    attestationKey,
    uint16(change.outerType ?? 6),
    uint32(inner.length),
    inner,
    change.afterOuter ?? field(0, 0),
  );
  return join(signedBytes, uint32(signatureData.length), signatureData, change.after ?? field(0, 0));
}

function body(version: number, change: QuoteChange): Uint8Array {
  const fields = join(...Object.values({ ...guest, ...change.guest }));
  if (version === 4) return fields;
  const is15 = change.guestOf15 !== undefined;
  const report = is15 ? join(fields, ...Object.values({ ...guestOf15, ...change.guestOf15 })) : fields;
  return join(uint16(change.bodyType ?? (is15 ? 3 : 2)), uint32(change.bodyLength ?? report.length), report);
}

function makeQeReport({ qe = {}, qeReportData }: QuoteChange, key: Uint8Array, data: Uint8Array): Uint8Array {
  const binding = createHash("sha256").update(key).update(data).digest();
  return join(
    field(16, 0),
    qe.miscSelect ?? field(4, 0),
    field(28, 0),
    qe.attributes ?? hexBytes("11000000000000000000000000000000"),
    field(32, 0x77),
    field(32, 0),
    qe.mrSigner ?? field(32, 0xdc),
    field(96, 0),
    qe.isvProdId ?? uint16(2),
    qe.isvSvn ?? uint16(8),
    field(60, 0),
    qeReportData ?? join(binding, field(32, 0)),
  );
}

export interface CaseChange {
  readonly quote?: Uint8Array;
  readonly collateral?: Readonly<Record<string, string | null>>;
  /** Members of the collateral that the case doesn't bring. */
  readonly without?: readonly string[];
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly atMs?: number;
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The input of a case that is accepted, but for what is changed. */
export function tdxCase({ quote: bytes = quote(), policy, atMs = nowMs, ...change }: CaseChange = {}): object {
  const issuers = pem(signerCertificate(), root);
  const collateral = {
    tcb_info_json: tcbInfo(),
    qe_identity_json: qeIdentity(),
    pck_crl_der_b64: base64(pckList()),
    root_crl_der_b64: base64(rootList()),
    intel_root_ca_pem: pem(root),
    tcb_info_issuer_chain_pem: issuers,
    qe_identity_issuer_chain_pem: issuers,
    pck_crl_issuer_chain_pem: pem(authorityCertificate(), root),
    ...change.collateral,
  };
  const brought = Object.entries(collateral).filter(([name]) => !change.without?.includes(name));
  return {
    schema_version: "1",
    quote_b64: base64(bytes),
    collateral: Object.fromEntries(brought),
    expiration_check_date_unix: atMs / 1000,
    ...(policy && { policy }),
  };
}

export { keys, names };
