import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { AttestationError } from "@cloister/attestation";
import {
  TestKey,
  authority,
  boolean,
  der,
  extension,
  integer,
  keyUsage,
  makeCertificate,
  makeRevocationList,
  oid,
  sequence,
  time,
  type CertificateFields,
} from "@cloister/testing/evidence";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import fc from "fast-check";
import {
  allowsKeyUsage,
  certificatesFromPem,
  commonNameOf,
  DerReader,
  derObjectIdentifier,
  derTimeMs,
  derUnsigned,
  faultOfPath,
  invalidAt,
  isSignedByKeyOf,
  parseCertificate,
  parseRevocationList,
  VerifiedPaths,
} from "../src/certificates/index.ts";
import { amdAuthorities } from "../src/formats/sev-snp/amd/index.ts";
import { refusalOf } from "./refusal.ts";

const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
let root: TestKey;
let middle: TestKey;
let leaf: TestKey;

beforeAll(async () => {
  [root, middle, leaf] = await Promise.all([TestKey.make("rsa"), TestKey.make("p384"), TestKey.make("p256")]);
});

const rootFields = (): CertificateFields => ({
  subject: "root",
  issuer: "root",
  key: root,
  signer: root,
  extensions: [authority()],
});
const middleFields = (): CertificateFields => ({
  subject: "middle",
  issuer: "root",
  key: middle,
  signer: root,
  extensions: [authority(0), keyUsage(0x04)],
});
const leafFields = (): CertificateFields => ({ subject: "leaf", issuer: "middle", key: leaf, signer: middle });

interface Changes {
  readonly leaf?: Partial<CertificateFields>;
  readonly middle?: Partial<CertificateFields>;
  readonly root?: Partial<CertificateFields>;
}

async function path(changes: Changes = {}): Promise<Uint8Array[]> {
  return Promise.all([
    makeCertificate({ ...leafFields(), ...changes.leaf }),
    makeCertificate({ ...middleFields(), ...changes.middle }),
    makeCertificate({ ...rootFields(), ...changes.root }),
  ]);
}

async function faultOf(changes: Changes = {}) {
  return faultOfPath((await path(changes)).map(parseCertificate));
}

describe("DER", () => {
  it.each([
    ["an indefinite length", [0x30, 0x80, 0x00, 0x00]],
    ["a length that isn't the shortest", [0x04, 0x81, 0x01, 0x00]],
    ["a length of four bytes", [0x04, 0x84, 0x00, 0x00, 0x00, 0x01, 0x00]],
    ["a tag of several bytes", [0x1f, 0x81, 0x01, 0x00]],
    ["less than its length", [0x04, 0x02, 0x00]],
    ["no length", [0x04]],
  ])("is refused with %s", (_name, bytes) => {
    expect(refusalOf(() => new DerReader(Uint8Array.from(bytes)).next())).toBe("EVIDENCE_MALFORMED");
  });

  it.each([
    ["negative", [0x80]],
    ["empty", []],
    ["padded", [0x00, 0x7f]],
  ])("has no integer that is %s", (_name, bytes) => {
    const element = new DerReader(der(0x02, Uint8Array.from(bytes))).next();
    expect(refusalOf(() => derUnsigned(element))).toBe("EVIDENCE_MALFORMED");
  });

  it("has times in both forms, and none that doesn't exist", () => {
    const read = (tag: number, text: string) => derTimeMs(new DerReader(der(tag, Buffer.from(text))).next());
    expect([read(0x17, "491231235959Z"), read(0x17, "500101000000Z"), read(0x18, "20500101000000Z")]).toEqual([
      Date.UTC(2049, 11, 31, 23, 59, 59),
      Date.UTC(1950, 0),
      Date.UTC(2050, 0),
    ]);
    for (const [tag, text] of [
      [0x17, "230230000000Z"],
      [0x17, "2301010000Z"],
      [0x18, "20230101000000.5Z"],
      [0x18, "20230101000000"],
      [0x04, "230101000000Z"],
    ] as const) {
      expect(refusalOf(() => read(tag, text))).toBe("EVIDENCE_MALFORMED");
    }
  });

  it("has object identifiers that come back as they were written", () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(39), fc.array(fc.nat(0x7fffffff), { maxLength: 8 }), (first, second, rest) => {
        const dotted = [first, second, ...rest].join(".");
        expect(derObjectIdentifier(new DerReader(oid(dotted)).next())).toBe(dotted);
      }),
    );
  });
});

describe("a certificate", () => {
  it("says what Node's own parser says", async () => {
    const made = await makeCertificate({ ...leafFields(), serial: 0xabcdef });
    const [ours, theirs] = [parseCertificate(made), new X509Certificate(made)];
    expect({
      serial: ours.serialNumberHex.toUpperCase(),
      subject: `CN=${commonNameOf(ours.subject) ?? ""}`,
      issuer: `CN=${commonNameOf(ours.issuer) ?? ""}`,
      notBeforeMs: ours.notBeforeMs,
      notAfterMs: ours.notAfterMs,
      key: bytesToHex(ours.publicKeyInfo),
    }).toEqual({
      serial: theirs.serialNumber,
      subject: theirs.subject,
      issuer: theirs.issuer,
      notBeforeMs: Date.parse(theirs.validFrom),
      notAfterMs: Date.parse(theirs.validTo),
      key: theirs.publicKey.export({ type: "spki", format: "der" }).toString("hex"),
    });
  });

  it("is refused with another algorithm outside than inside", async () => {
    const made = await makeCertificate({ ...leafFields(), innerAlgorithm: leaf.algorithm });
    expect(refusalOf(() => parseCertificate(made))).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused with an extension that comes twice", async () => {
    const twice = [extension("1.2.3", integer(1)), extension("1.2.3", integer(2))];
    const made = await makeCertificate({ ...leafFields(), extensions: twice });
    expect(refusalOf(() => parseCertificate(made))).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused when it is far too large", async () => {
    const large = [extension("1.2.3", der(0x04, new Uint8Array(17 * 1024)))];
    const made = await makeCertificate({ ...leafFields(), extensions: large });
    expect(refusalOf(() => parseCertificate(made))).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused with a code and never crashes, whatever its bytes", async () => {
    const made = await makeCertificate(leafFields());
    const cut = fc.nat(made.length - 1).map((length) => made.subarray(0, length));
    const changed = fc.tuple(fc.nat(made.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
      const bytes = made.slice();
      bytes[at] = (bytes[at] ?? 0) ^ change;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), cut), (bytes) => {
        expect(refusalOf(() => parseCertificate(bytes))).toBe("EVIDENCE_MALFORMED");
      }),
    );
    fc.assert(
      fc.property(changed, (bytes) => {
        expect(["EVIDENCE_MALFORMED", undefined]).toContain(refusalOf(() => parseCertificate(bytes)));
      }),
    );
  });
});

describe("a path of certificates", () => {
  it("leads from the leaf to its root", async () => {
    expect(await faultOf()).toBeUndefined();
  });

  it.each<[string, string, number, () => Changes]>([
    ["another issuer's name", "ISSUER_MISMATCH", 0, () => ({ leaf: { issuer: "somebody" } })],
    ["a leaf of another signer", "SIGNATURE_INVALID", 0, () => ({ leaf: { signer: leaf } })],
    ["a middle of another signer", "SIGNATURE_INVALID", 1, () => ({ middle: { signer: middle } })],
    ["a root of another signer", "SIGNATURE_INVALID", 2, () => ({ root: { signer: middle } })],
    ["a middle that is no authority", "NOT_AN_AUTHORITY", 1, () => ({ middle: { extensions: [] } })],
    [
      "a middle that says that it is none",
      "NOT_AN_AUTHORITY",
      1,
      () => ({ middle: { extensions: [extension("2.5.29.19", sequence(boolean(false)), true)] } }),
    ],
    [
      "a middle that may not sign certificates",
      "NOT_AN_AUTHORITY",
      1,
      () => ({ middle: { extensions: [authority(), keyUsage(0x80)] } }),
    ],
    ["a root that allows none between", "PATH_TOO_LONG", 2, () => ({ root: { extensions: [authority(0)] } })],
    [
      "a critical extension that nobody understands",
      "UNKNOWN_CRITICAL_EXTENSION",
      0,
      () => ({ leaf: { extensions: [extension("1.2.3", integer(1), true)] } }),
    ],
  ])("is refused with %s", async (_name, fault, position, changes) => {
    expect(await faultOf(changes())).toEqual({ fault, position });
  });

  it("is no path of one, nor of nine", async () => {
    const [first] = (await path()).map(parseCertificate);
    if (first === undefined) throw new Error("no certificate");
    expect(await faultOfPath([first])).toEqual({ fault: "PATH_TOO_LONG", position: 0 });
    expect(await faultOfPath(new Array<typeof first>(9).fill(first))).toEqual({ fault: "PATH_TOO_LONG", position: 0 });
  });

  it("ends with the first certificate that isn't valid, and both of its ends are", async () => {
    const life = { notBeforeMs: Date.UTC(2024, 0), notAfterMs: Date.UTC(2025, 0) };
    const parsed = (await path({ leaf: life })).map(parseCertificate);
    const at = (ms: number) => invalidAt(parsed, ms);
    expect([at(life.notBeforeMs), at(life.notAfterMs)]).toEqual([undefined, undefined]);
    expect([at(life.notBeforeMs - 1000), at(life.notAfterMs + 1), at(Date.UTC(2046, 0))]).toEqual([
      { fault: "NOT_YET_VALID", position: 0 },
      { fault: "EXPIRED", position: 0 },
      { fault: "EXPIRED", position: 0 },
    ]);
  });

  it("is checked once and kept, the least recently used gone first", async () => {
    const paths = new VerifiedPaths(2);
    const [one, two, three] = [await path(), await path(), await path()];
    const first = await paths.verify(one);
    const second = await paths.verify(two);
    const again = await paths.verify(one);
    await paths.verify(three);
    const kept = await paths.verify(one);
    const dropped = await paths.verify(two);
    expect([again.path === first.path, kept.path === first.path]).toEqual([true, true]);
    expect([dropped.path === second.path, dropped.path?.length]).toEqual([false, 3]);
  });

  it("isn't kept when it is faulty", async () => {
    const paths = new VerifiedPaths();
    const wrong = await path({ leaf: { signer: leaf } });
    const faulty = { fault: "SIGNATURE_INVALID", position: 0 };
    expect([await paths.verify(wrong), await paths.verify(wrong)]).toEqual([{ faulty }, { faulty }]);
  });
});

describe("key usage", () => {
  it("restricts nobody who doesn't state it", async () => {
    const { extensions } = parseCertificate(await makeCertificate(leafFields()));
    expect(allowsKeyUsage(extensions, "digitalSignature")).toBe(true);
  });
});

describe("a revocation list", () => {
  it("names the serial numbers that are revoked, and its issuer signed it", async () => {
    const made = await makeRevocationList({ issuer: "root", signer: root, serials: [7, 0x1234] });
    const list = parseRevocationList(made);
    const issuer = parseCertificate(await makeCertificate(rootFields()));
    const other = parseCertificate(await makeCertificate(middleFields()));
    expect([...list.revokedSerialsHex]).toEqual(["07", "1234"]);
    expect([await isSignedByKeyOf(issuer, list), await isSignedByKeyOf(other, list)]).toEqual([true, false]);
  });

  it("may be empty", async () => {
    const made = await makeRevocationList({ issuer: "root", signer: root });
    expect(parseRevocationList(made).revokedSerialsHex.size).toBe(0);
  });

  it("is refused without a date of the next", () => {
    const toBeSigned = sequence(integer(1), root.algorithm, sequence(), time(Date.UTC(2024, 0)));
    const made = sequence(toBeSigned, root.algorithm, der(0x03, Uint8Array.of(0, 1)));
    expect(refusalOf(() => parseRevocationList(made))).toBe("EVIDENCE_MALFORMED");
  });
});

describe("PEM", () => {
  it.each(["", "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----"])("is refused as %j", (text) => {
    expect(refusalOf(() => certificatesFromPem(text))).toBe("EVIDENCE_MALFORMED");
  });

  it("gives its certificates in their order", () => {
    const block = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
    expect(certificatesFromPem(`# two\n${block("AQI=")}${block("Aw==")}`)).toEqual([
      Uint8Array.of(1, 2),
      Uint8Array.of(3),
    ]);
  });
});

describe("AMD's authorities in this build", () => {
  it.each([
    ["milan", "ark", "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"],
    ["milan", "ask", "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b"],
    ["milan", "asvk", "c5e081f59b7efab1fe2f8b505e159704e72f29cab7ef7cf628a05a42439082f5"],
    ["genoa", "ark", "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"],
    ["genoa", "ask", "5464738c1546aed5f2cecf1dc98c5c960a92e8913238a61711bc90ec6e828521"],
    ["genoa", "asvk", "197e610743a917d6b9bb982a5a9226ccc0a15b611be0619e626aca9151457372"],
    ["turin", "ark", "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"],
    ["turin", "ask", "5b77ef5fe7a7a004fd9032668fba9d0fda22f88c4442069a479636a6ae3b3185"],
    ["turin", "asvk", "104e10a8bd060a3c20a434261a57d0588fd65a88915b4f65b08bdecaf8df1a3c"],
  ] as const)("are %s's %s of this fingerprint", (product, kind, fingerprint) => {
    expect(bytesToHex(sha256(fromBase64(amdAuthorities[product][kind])))).toBe(fingerprint);
  });

  it.each(["milan", "genoa", "turin"] as const)("are signed by the root of %s, which signs itself", async (product) => {
    const { ark, ask, asvk } = amdAuthorities[product];
    const paths = [ask, asvk].map((key) => [key, ark].map((text) => parseCertificate(fromBase64(text))));
    expect(await Promise.all(paths.map(faultOfPath))).toEqual([undefined, undefined]);
  });
});

describe("an error about certificates", () => {
  it("is the library's own", () => {
    expect(() => parseCertificate(new Uint8Array())).toThrow(AttestationError);
  });
});
