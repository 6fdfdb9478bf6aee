import type { webcrypto } from "node:crypto";
import { bits, boolean, der, explicit, integer, name, octets, oid, sequence, time } from "./der-writer.ts";

const pssParameters = sequence(
  explicit(0, sequence(oid("2.16.840.1.101.3.4.2.2"), der(0x05))),
  explicit(1, sequence(oid("1.2.840.113549.1.1.8"), sequence(oid("2.16.840.1.101.3.4.2.2"), der(0x05)))),
  explicit(2, integer(48)),
);

const kinds = {
  rsa: {
    generate: { name: "RSA-PSS", hash: "SHA-384", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
    sign: { name: "RSA-PSS", saltLength: 48 },
    algorithm: sequence(oid("1.2.840.113549.1.1.10"), pssParameters),
  },
  p384: {
    generate: { name: "ECDSA", namedCurve: "P-384" },
    sign: { name: "ECDSA", hash: "SHA-384" },
    algorithm: sequence(oid("1.2.840.10045.4.3.3")),
  },
  p256: {
    generate: { name: "ECDSA", namedCurve: "P-256" },
    sign: { name: "ECDSA", hash: "SHA-256" },
    algorithm: sequence(oid("1.2.840.10045.4.3.2")),
  },
} as const;

/** A key pair that can sign certificates. */
export class TestKey {
  readonly kind: keyof typeof kinds;
  readonly pair: webcrypto.CryptoKeyPair;
  readonly publicKeyInfo: Uint8Array;

  private constructor(kind: keyof typeof kinds, pair: webcrypto.CryptoKeyPair, publicKeyInfo: Uint8Array) {
    this.kind = kind;
    this.pair = pair;
    this.publicKeyInfo = publicKeyInfo;
  }

  static async make(kind: keyof typeof kinds): Promise<TestKey> {
    const pair = await crypto.subtle.generateKey(kinds[kind].generate, true, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new Error("no pair was generated");
    return new TestKey(kind, pair, new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)));
  }

  get algorithm(): Uint8Array {
    return kinds[this.kind].algorithm;
  }

  /** RSA as it is; ECDSA as r ‖ s. */
  async signRaw(data: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(kinds[this.kind].sign, this.pair.privateKey, data.slice()));
  }

  /** As a certificate carries it. */
  async sign(data: Uint8Array): Promise<Uint8Array> {
    const raw = await this.signRaw(data);
    if (this.kind === "rsa") return raw;
    return sequence(integer(raw.subarray(0, raw.length / 2)), integer(raw.subarray(raw.length / 2)));
  }
}

export interface CertificateFields {
  readonly subject: string;
  readonly issuer: string;
  readonly key: TestKey;
  readonly signer: TestKey;
  readonly serial?: number;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly extensions?: readonly Uint8Array[];
  /** Of the signature in the signed part, where another shall stand outside. */
  readonly innerAlgorithm?: Uint8Array;
}

export async function makeCertificate(fields: CertificateFields): Promise<Uint8Array> {
  const { key, signer, extensions = [], innerAlgorithm = signer.algorithm } = fields;
  const toBeSigned = sequence(
    explicit(0, integer(2)),
    integer(fields.serial ?? 1),
    innerAlgorithm,
    name(fields.issuer),
    sequence(time(fields.notBeforeMs ?? Date.UTC(2020, 0)), time(fields.notAfterMs ?? Date.UTC(2045, 0))),
    name(fields.subject),
    key.publicKeyInfo,
    ...(extensions.length === 0 ? [] : [explicit(3, sequence(...extensions))]),
  );
  return sequence(toBeSigned, signer.algorithm, bits(await signer.sign(toBeSigned)));
}

export function extension(id: string, value: Uint8Array, isCritical = false): Uint8Array {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));
}

/** Basic constraints of an authority, with how many may follow. */
export function authority(pathLength?: number): Uint8Array {
  const length = pathLength === undefined ? [] : [integer(pathLength)];
  return extension("2.5.29.19", sequence(boolean(true), ...length), true);
}

/** Key usage as its first byte: 0x80 digital signature, 0x04 certificates, 0x02 revocation lists. */
export function keyUsage(firstByte: number): Uint8Array {
  return extension("2.5.29.15", der(0x03, Uint8Array.of(0, firstByte)), true);
}

export async function makeRevocationList(fields: {
  readonly issuer: string;
  readonly signer: TestKey;
  readonly serials?: readonly number[];
  readonly thisUpdateMs?: number;
  readonly nextUpdateMs?: number;
}): Promise<Uint8Array> {
  const { signer, serials = [] } = fields;
  const revoked = serials.map((serial) => sequence(integer(serial), time(Date.UTC(2024, 0))));
  const toBeSigned = sequence(
    integer(1),
    signer.algorithm,
    name(fields.issuer),
    time(fields.thisUpdateMs ?? Date.UTC(2024, 0)),
    time(fields.nextUpdateMs ?? Date.UTC(2044, 0)),
    ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
  );
  return sequence(toBeSigned, signer.algorithm, bits(await signer.sign(toBeSigned)));
}
