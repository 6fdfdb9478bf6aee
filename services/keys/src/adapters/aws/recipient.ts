import { constants, createDecipheriv, generateKeyPair, privateDecrypt, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { ContentInfo, EnvelopedData, id_envelopedData } from "@peculiar/asn1-cms";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { KmsError } from "../../kms/kms-errors.ts";

const ID_RSAES_OAEP = "1.2.840.113549.1.1.7";
const ID_AES256_CBC = "2.16.840.1.101.3.4.1.42";
const MODULUS_BITS = 2048;

/**
 * An attestation document of this enclave that holds `publicKey` (SubjectPublicKeyInfo, DER): AWS KMS seals its answer
 * to it, when the key's policy allows the measurements in the document. One that is 5 minutes old is refused there.
 */
export type NitroDocument = (publicKey: Uint8Array) => Promise<Uint8Array>;

/** The RSA key that answers of AWS KMS are sealed to. It is made in the enclave and leaves it never. */
export class Recipient {
  readonly #document: NitroDocument;
  readonly #privateKey: KeyObject;
  readonly #publicKey: Buffer;

  private constructor(document: NitroDocument, privateKey: KeyObject, publicKey: Buffer) {
    this.#document = document;
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  static async create(document: NitroDocument): Promise<Recipient> {
    const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", { modulusLength: MODULUS_BITS });
    return new Recipient(document, privateKey, publicKey.export({ type: "spki", format: "der" }));
  }

  /** The request's field `Recipient`. */
  async parameter(): Promise<{ KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256"; AttestationDocument: Uint8Array }> {
    return {
      KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256",
      AttestationDocument: await this.#document(this.#publicKey),
    };
  }

  /**
   * What an answer's `CiphertextForRecipient` holds: CMS EnvelopedData (RFC 5652, section 6) in BER with one recipient,
   * RSAES-OAEP with SHA-256 (RFC 4055) and AES-256-CBC (RFC 3565).
   * @throws KmsError KMS_ANSWER_MALFORMED
   */
  open(ciphertextForRecipient: Uint8Array): Buffer {
    try {
      return this.#open(ciphertextForRecipient);
    } catch (cause) {
      const sentence = "What AWS KMS sealed to this enclave does not open: its answer was changed on the way.";
      throw new KmsError("KMS_ANSWER_MALFORMED", sentence, { cause });
    }
  }

  #open(bytes: Uint8Array): Buffer {
    const { contentType, content } = AsnConvert.parse(bytes, ContentInfo);
    if (contentType !== id_envelopedData) throw new TypeError("not EnvelopedData");
    const { recipientInfos, encryptedContentInfo } = AsnConvert.parse(content, EnvelopedData);
    const [recipient, ...others] = recipientInfos;
    const transport = recipient?.ktri;
    if (transport?.keyEncryptionAlgorithm.algorithm !== ID_RSAES_OAEP || others.length > 0) {
      throw new TypeError("not one recipient by RSAES-OAEP");
    }
    const { contentEncryptionAlgorithm, encryptedContent } = encryptedContentInfo;
    const { algorithm, parameters } = contentEncryptionAlgorithm;
    if (algorithm !== ID_AES256_CBC || !parameters) throw new TypeError("not AES-256-CBC");
    const iv = Buffer.from(AsnConvert.parse(parameters, OctetString).buffer);
    const parts = encryptedContent?.constructedValue ?? [encryptedContent?.value];
    const ciphertext = Buffer.concat(parts.map((part) => Buffer.from(part?.buffer ?? new ArrayBuffer(0))));
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const key = privateDecrypt(
      { key: this.#privateKey, padding, oaepHash: "sha256" },
      Buffer.from(transport.encryptedKey.buffer),
    );
    try {
      const decipher = createDecipheriv("aes-256-cbc", key, iv);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } finally {
      key.fill(0);
    }
  }
}
