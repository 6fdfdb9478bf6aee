import { randomBytes } from "node:crypto";
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from "@aws-crypto/client-node";
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { compactDecrypt, CompactEncrypt } from "jose";
import sodium from "libsodium-wrappers";
import { type Contender, contender } from "./contender.ts";

const jose = (): Contender => {
  const key = new Uint8Array(randomBytes(32));
  return contender<string>({
    name: "jose, A256GCMKW + A256GCM",
    group: "wrap",
    seal: (payload) =>
      new CompactEncrypt(payload).setProtectedHeader({ alg: "A256GCMKW", enc: "A256GCM" }).encrypt(key),
    open: async (jwe) => (await compactDecrypt(jwe, key)).plaintext,
    size: (jwe) => jwe.length,
  });
};

const aws = (): Contender => {
  const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const unencryptedMasterKey = new Uint8Array(randomBytes(32));
  const keyring = new RawAesKeyringNode({
    keyName: "bench",
    keyNamespace: "bench",
    unencryptedMasterKey,
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  });
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
  return contender<Buffer>({
    name: "AWS Encryption SDK, raw AES keyring, unsigned",
    group: "wrap",
    seal: async (payload) => (await encrypt(keyring, payload, { suiteId })).result,
    open: async (message) => (await decrypt(keyring, message)).plaintext,
    size: (message) => message.length,
  });
};

const libsodium = async (): Promise<Contender> => {
  await sodium.ready;
  const { publicKey, privateKey } = sodium.crypto_kem_xwing_keypair();
  interface Box {
    readonly enc: Uint8Array;
    readonly nonce: Uint8Array;
    readonly body: Uint8Array;
  }
  return contender<Box>({
    name: "libsodium X-Wing + XChaCha20-Poly1305",
    group: "kem",
    seal: (payload) => {
      const { ciphertext, sharedSecret } = sodium.crypto_kem_xwing_enc(publicKey);
      const nonce = sodium.randombytes_buf(24);
      const body = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(payload, null, null, nonce, sharedSecret);
      return { enc: ciphertext, nonce, body };
    },
    open: ({ enc, nonce, body }) => {
      const sharedSecret = sodium.crypto_kem_xwing_dec(enc, privateKey);
      return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, body, null, nonce, sharedSecret);
    },
    size: ({ enc, nonce, body }) => enc.length + nonce.length + body.length,
  });
};

const hpke = async (): Promise<Contender> => {
  const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const { publicKey, privateKey } = await suite.kem.generateKeyPair();
  return contender<{ enc: ArrayBuffer; ct: ArrayBuffer }>({
    name: "@hpke/core, X-Wing",
    group: "kem",
    seal: (payload) => suite.seal({ recipientPublicKey: publicKey }, payload.slice().buffer),
    open: ({ enc, ct }) => suite.open({ recipientKey: privateKey, enc }, ct),
    size: ({ enc, ct }) => enc.byteLength + ct.byteLength,
  });
};

export async function peers(): Promise<readonly Contender[]> {
  return [jose(), aws(), await libsodium(), await hpke()];
}
