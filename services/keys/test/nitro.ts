import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { sign, verify } from "node:crypto";
import { decode, encode } from "cborg";
import { sequence, set, indefinite, octets, oids, tlv } from "./ber.ts";

// In the place of AWS' root: documents of this test's enclaves are signed by it directly, without certificates between.
const root = generateKeyPairSync("ec", { namedCurve: "P-384" });

const ES384 = new Map([[1, -35]]);

const signed = (header: Uint8Array, payload: Uint8Array): Uint8Array =>
  encode(["Signature1", header, new Uint8Array(), payload]);

/** An attestation document as a Nitro enclave with this PCR0 (48 bytes) gets it: COSE_Sign1 with ES384. */
export function nitroDocument(pcr0: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const payload = encode({
    module_id: "i-0123456789abcdef0-enc0123456789abcdef",
    digest: "SHA384",
    timestamp: Date.now(),
    pcrs: new Map([[0, pcr0]]),
    public_key: publicKey,
    user_data: null,
    nonce: null,
  });
  const header = encode(ES384);
  const key = { key: root.privateKey, dsaEncoding: "ieee-p1363" } as const;
  return encode([header, new Map(), payload, sign("sha384", signed(header, payload), key)]);
}

/** What AWS KMS answers an enclave; undefined when the document doesn't verify, or is of another program. */
export function sealedToDocument(document: Uint8Array, plaintext: Uint8Array, pcr0?: Uint8Array): Buffer | undefined {
  const claims = verified(document);
  if (claims === undefined || (pcr0 !== undefined && !Buffer.from(pcr0).equals(claims.pcr0))) return undefined;
  return envelopedData(claims.publicKey, plaintext);
}

function verified(document: Uint8Array): { pcr0: Uint8Array; publicKey: Uint8Array } | undefined {
  if (document.length === 0) return undefined;
  const [header, , payload, signature] = decode(document, { useMaps: true }) as Uint8Array[];
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const key = { key: root.publicKey, dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha384", signed(header, payload), key, signature)) return undefined;
  const claims = decode(payload, { useMaps: true }) as Map<string, unknown>;
  const pcrs = claims.get("pcrs") as Map<number, Uint8Array>;
  return { pcr0: pcrs.get(0) ?? new Uint8Array(), publicKey: claims.get("public_key") as Uint8Array };
}

/** CMS EnvelopedData in BER, its lengths indefinite and its content in pieces, as AWS KMS writes it. */
export function envelopedData(publicKey: Uint8Array, plaintext: Uint8Array, { pieceBytes = 24 } = {}): Buffer {
  const [key, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) pieces.push(octets(content.subarray(at, at + pieceBytes)));
  const encryptedKey = publicEncrypt(
    {
      key: createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: "sha256",
    },
    key,
  );
  const sha256 = sequence(oids.sha256);
  const oaep = sequence(oids.rsaesOaep, sequence(tlv(0xa0, sha256), tlv(0xa1, sequence(oids.mgf1, sha256))));
  const version2 = tlv(0x02, Buffer.of(2));
  const recipient = sequence(version2, tlv(0x80, randomBytes(20)), oaep, octets(encryptedKey));
  const encryptedContent = indefinite(
    0x30,
    oids.data,
    sequence(oids.aes256Cbc, octets(iv)),
    indefinite(0xa0, ...pieces),
  );
  const enveloped = indefinite(0x30, version2, set(recipient), encryptedContent);
  return indefinite(0x30, oids.envelopedData, indefinite(0xa0, enveloped));
}
