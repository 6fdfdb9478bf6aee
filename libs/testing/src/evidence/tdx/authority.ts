import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { extension } from "../certificate-maker.ts";
import { bits, boolean, der, explicit, integer, name, sequence, oid, time } from "../der-writer.ts";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const newKeyPair = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** x ‖ y, 64 bytes. */
export function pointOf({ publicKey }: KeyPair): Uint8Array {
  return publicKeyInfo(publicKey).subarray(-64);
}

/** r ‖ s, 64 bytes. */
export function rawSignature({ privateKey }: KeyPair, data: Uint8Array): Uint8Array {
  return sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
}

const ecdsaSha256 = sequence(oid("1.2.840.10045.4.3.2"));

export interface CertificateFields {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyPair;
  readonly issuerKey: KeyPair;
  readonly serial: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority: boolean;
  /** Its first byte; what an authority or a signer needs if left out. */
  readonly keyUsage?: number;
  readonly extensions?: readonly Uint8Array[];
}

export function certificate(fields: CertificateFields): Uint8Array {
  return signed(
    fields.issuerKey,
    sequence(
      explicit(0, integer(2)),
      integer(fields.serial),
      ecdsaSha256,
      name(fields.issuer),
      sequence(time(fields.notBeforeMs), time(fields.notAfterMs)),
      name(fields.subject),
      publicKeyInfo(fields.key.publicKey),
      explicit(
        3,
        sequence(
          extension("2.5.29.19", sequence(...(fields.isAuthority ? [boolean(true)] : []))),
          extension("2.5.29.15", der(0x03, Uint8Array.of(1, fields.keyUsage ?? (fields.isAuthority ? 0x06 : 0x80)))),
          ...(fields.extensions ?? []),
        ),
      ),
    ),
  );
}

export interface ListFields {
  readonly issuer: string;
  readonly issuerKey: KeyPair;
  readonly nextUpdateMs: number;
  readonly revoked: readonly number[];
  readonly extensions?: readonly Uint8Array[];
}

export function revocationList(fields: ListFields): Uint8Array {
  const thisUpdate = time(fields.nextUpdateMs - 30 * 86_400_000);
  const entries = fields.revoked.map((serial) => sequence(integer(serial), thisUpdate));
  return signed(
    fields.issuerKey,
    sequence(
      integer(1),
      ecdsaSha256,
      name(fields.issuer),
      thisUpdate,
      time(fields.nextUpdateMs),
      ...(entries.length > 0 ? [sequence(...entries)] : []),
      ...(fields.extensions ? [explicit(0, sequence(...fields.extensions))] : []),
    ),
  );
}

function signed({ privateKey }: KeyPair, toBeSigned: Uint8Array): Uint8Array {
  return sequence(toBeSigned, ecdsaSha256, bits(sign("sha256", toBeSigned, privateKey)));
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** Certificates as PEM, in their order. */
export function pem(...ders: readonly Uint8Array[]): string {
  const blocks = ders.map((bytes) => {
    const lines =
      Buffer.from(bytes)
        .toString("base64")
        .match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  });
  return blocks.join("");
}
