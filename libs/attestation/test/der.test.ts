import { describe, expect, it } from "@jest/globals";
import {
  TestKey,
  der,
  explicit,
  integer,
  makeCertificate,
  name,
  octets,
  oid,
  sequence,
  time,
} from "@cloister/testing/evidence";
import {
  allowsKeyUsage,
  basicConstraintsOf,
  derBitStringBytes,
  derBoolean,
  derObjectIdentifier,
  derSmallInteger,
  derTag,
  DerReader,
  type Extensions,
  parseCertificate,
  parseRevocationList,
  readOneDer,
} from "../src/certificates/index.ts";
import { readKeyAlgorithm, readSignatureAlgorithm } from "../src/certificates/algorithms.ts";
import { certificatesFromPem } from "../src/certificates/pem.ts";
import { refusalOf } from "./refusal.ts";

const read = (bytes: Uint8Array) => new DerReader(bytes).next();
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const key = await TestKey.make("p384");
const malformed = "EVIDENCE_MALFORMED";

describe("a part of DER", () => {
  it.each<[string, () => unknown]>([
    ["an element of another type", () => new DerReader(octets(bytes(1))).next(derTag.integer)],
    ["bytes behind the only element", () => readOneDer(bytes(5, 0, 0), derTag.null)],
    ["an object identifier that isn't finished", () => derObjectIdentifier(read(der(6, bytes(0x2a, 0x86))))],
    ["an object identifier of nothing", () => derObjectIdentifier(read(der(6)))],
    ["a padded object identifier", () => derObjectIdentifier(read(der(6, bytes(0x2a, 0x80, 0x01))))],
    [
      "an object identifier beyond 32 bits",
      () => derObjectIdentifier(read(der(6, bytes(0x9f, 0xff, 0xff, 0xff, 0x7f)))),
    ],
    ["a number beyond 32 bits", () => derSmallInteger(read(integer(2 ** 32)))],
    ["a boolean of 1", () => derBoolean(read(der(1, bytes(1))))],
    ["a boolean of two bytes", () => derBoolean(read(der(1, bytes(0xff, 0))))],
    ["bits that are no bytes", () => derBitStringBytes(read(der(3, bytes(4, 0xf0))))],
  ])("is refused as %s", (_what, parse) => {
    expect(refusalOf(parse)).toBe(malformed);
  });
});

describe("an algorithm of a certificate", () => {
  const sha384 = sequence(oid("2.16.840.1.101.3.4.2.2"));
  const sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"));
  const pss = (hash: Uint8Array, mask: Uint8Array, salt: number, ...more: Uint8Array[]) =>
    sequence(
      oid("1.2.840.113549.1.1.10"),
      sequence(
        explicit(0, hash),
        explicit(1, sequence(oid("1.2.840.113549.1.1.8"), mask)),
        explicit(2, integer(salt)),
        ...more,
      ),
    );
  const readAlgorithm = (algorithm: Uint8Array) => readSignatureAlgorithm(read(algorithm));

  it("may be RSA-PSS with SHA-384 throughout, its trailer written or not", () => {
    const trailer = explicit(3, integer(1));
    expect([pss(sha384, sha384, 48), pss(sha384, sha384, 48, trailer)].map(readAlgorithm)).toEqual([
      "rsa-pss-sha384",
      "rsa-pss-sha384",
    ]);
  });

  it.each<[string, Uint8Array]>([
    ["another hash", pss(sha256, sha384, 48)],
    ["another hash in its mask", pss(sha384, sha256, 48)],
    ["another salt", pss(sha384, sha384, 32)],
    ["another trailer", pss(sha384, sha384, 48, explicit(3, integer(2)))],
    ["more parameters", pss(sha384, sha384, 48, explicit(4, integer(1)))],
    ["parameters of its hash", pss(sequence(oid("2.16.840.1.101.3.4.2.2"), integer(1)), sha384, 48)],
    ["two hashes", pss(Uint8Array.of(...sha384, ...sha384), sha384, 48)],
    ["parameters of ECDSA", sequence(oid("1.2.840.10045.4.3.3"), der(5))],
    ["parameters of ECDSA with SHA-256", sequence(oid("1.2.840.10045.4.3.2"), der(5))],
    ["RSA of before PSS", sequence(oid("1.2.840.113549.1.1.12"), der(5))],
  ])("is refused with %s", (_what, algorithm) => {
    expect(refusalOf(() => readAlgorithm(algorithm))).toBe(malformed);
  });

  it.each<[string, Uint8Array]>([
    ["Ed25519", sequence(oid("1.3.101.112"))],
    ["another curve", sequence(oid("1.2.840.10045.2.1"), oid("1.3.132.0.10"))],
  ])("is refused as a key of %s", (_what, algorithm) => {
    expect(refusalOf(() => readKeyAlgorithm(read(sequence(algorithm))))).toBe(malformed);
  });
});

describe("an extension of a certificate", () => {
  const holding = (id: string, value: Uint8Array): Extensions => new Map([[id, { isCritical: true, value }]]);
  const usage = (...content: number[]) => holding("2.5.29.15", der(3, Uint8Array.from(content)));

  it.each<[string, () => unknown]>([
    ["a key usage of no bits", () => allowsKeyUsage(usage(0), "keyCertSign")],
    ["a key usage of too many bits", () => allowsKeyUsage(usage(0, 4, 0, 0), "keyCertSign")],
    ["a key usage with nine bits left over", () => allowsKeyUsage(usage(9, 4), "keyCertSign")],
    ["constraints with more", () => basicConstraintsOf(holding("2.5.29.19", sequence(integer(1), integer(1))))],
  ])("is refused as %s", (_what, parse) => {
    expect(refusalOf(parse)).toBe(malformed);
  });

  it("makes no authority without its flag", () => {
    expect(basicConstraintsOf(holding("2.5.29.19", sequence()))).toEqual({ isAuthority: false });
  });
});

describe("a certificate", () => {
  const fields = { subject: "root", issuer: "root", key, signer: key };
  const algorithm = key.algorithm;
  const bits = der(3, bytes(0, 1));
  const life = sequence(time(0), time(1));
  const signed = (version: Uint8Array, validity = life, ...more: Uint8Array[]) =>
    sequence(
      sequence(version, integer(1), algorithm, name("a"), validity, name("b"), key.publicKeyInfo, ...more),
      algorithm,
      bits,
    );
  const version3 = explicit(0, integer(2));

  it("is parsed in its form, though nobody signed it", () => {
    expect(parseCertificate(signed(version3)).serialNumberHex).toBe("01");
  });

  it.each<[string, () => Uint8Array | Promise<Uint8Array>]>([
    ["of version 1", () => signed(explicit(0, integer(0)))],
    ["of version 515", () => signed(explicit(0, integer(0x0203)))],
    ["with three ends of its life", () => signed(version3, sequence(time(0), time(1), time(2)))],
    ["with more behind its extensions", () => signed(version3, life, explicit(3, sequence()), der(5))],
    ["with more behind its signature", () => sequence(readOneDer(signed(version3), derTag.sequence).content, der(5))],
    ["with bytes behind it", async () => Uint8Array.of(...(await makeCertificate(fields)), 0)],
    [
      "with something behind an extension's value",
      () => signed(version3, life, explicit(3, sequence(sequence(oid("2.5.29.14"), octets(bytes(1)), der(5))))),
    ],
    [
      "with an extension that is critical by 1",
      () =>
        signed(version3, life, explicit(3, sequence(sequence(oid("2.5.29.14"), der(1, bytes(1)), octets(bytes(1)))))),
    ],
  ])("is refused %s", async (_what, make) => {
    const certificate = await make();
    expect(refusalOf(() => parseCertificate(certificate))).toBe(malformed);
  });
});

describe("a list or a text", () => {
  it("is refused with more behind its extensions, or above its bounds", () => {
    const { algorithm } = key;
    const list = (...more: Uint8Array[]) =>
      sequence(sequence(integer(1), algorithm, name("a"), time(0), time(1), ...more), algorithm, der(3, bytes(0, 1)));
    const block = "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----\n";
    expect(parseRevocationList(list()).revokedSerialsHex.size).toBe(0);
    expect([
      refusalOf(() => parseRevocationList(list(explicit(0, sequence()), der(5)))),
      refusalOf(() => certificatesFromPem(block.repeat(8))),
      refusalOf(() => certificatesFromPem(block.repeat(9))),
      refusalOf(() => certificatesFromPem(block + " ".repeat(128 * 1024))),
    ]).toEqual([malformed, undefined, malformed, malformed]);
  });
});
