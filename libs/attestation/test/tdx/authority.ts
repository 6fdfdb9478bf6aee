import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { bits, boolean, context, der, generalizedTime, integer, octets, oid, sequence } from "./der-writer.ts";

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
  readonly extensions?: readonly Uint8Array[];
}

export function certificate(fields: CertificateFields): Uint8Array {
  return signed(
    fields.issuerKey,
    sequence(
      context(0, integer(2)),
      integer(fields.serial),
      ecdsaSha256,
      name(fields.issuer),
      sequence(generalizedTime(fields.notBeforeMs), generalizedTime(fields.notAfterMs)),
      name(fields.subject),
      publicKeyInfo(fields.key.publicKey),
      context(
        3,
        sequence(
          extension("2.5.29.19", sequence(...(fields.isAuthority ? [boolean(true)] : []))),
          extension("2.5.29.15", der(0x03, Uint8Array.of(1, fields.isAuthority ? 0x06 : 0x80))),
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
}

export function revocationList(fields: ListFields): Uint8Array {
  const thisUpdate = generalizedTime(fields.nextUpdateMs - 30 * 86_400_000);
  const entries = fields.revoked.map((serial) => sequence(integer(serial), thisUpdate));
  return signed(
    fields.issuerKey,
    sequence(
      integer(1),
      ecdsaSha256,
      name(fields.issuer),
      thisUpdate,
      generalizedTime(fields.nextUpdateMs),
      ...(entries.length > 0 ? [sequence(...entries)] : []),
    ),
  );
}

export function extension(id: string, value: Uint8Array): Uint8Array {
  return sequence(oid(id), octets(value));
}

function signed({ privateKey }: KeyPair, toBeSigned: Uint8Array): Uint8Array {
  return sequence(toBeSigned, ecdsaSha256, bits(sign("sha256", toBeSigned, privateKey)));
}

function name(commonName: string): Uint8Array {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}
