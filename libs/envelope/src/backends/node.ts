import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { Suite } from "@cloister/contracts/envelope";
import type { AeadKey, EnvelopeBackend, Signer, Verifier } from "../backend.ts";
import { plain } from "../bytes.ts";
import { nodePublicKey } from "./node-public-key.ts";
import { nodeKemSecret, nodeKemTarget } from "./node-xwing.ts";

/**
 * node:crypto, synchronous calls only (WebCrypto costs several times as much in Node). Needs the ML-KEM of Node 24.7 and
 * OpenSSL 3.5. Keys become KeyObjects before use even when used once: OpenSSL's set-up of a raw key costs five times more.
 */
export const nodeBackend: EnvelopeBackend = {
  name: "node",
  randomBytes: (length) => plain(randomBytes(length)),
  digests: {
    sha256: (bytes) => plain(hash("sha256", bytes, "buffer")),
    hkdfExtract: (salt, ikm) => hmac(createSecretKey(salt), ikm),
    hkdfExpand,
    hkdf: (ikm, salt, info, length) => new Uint8Array(hkdfSync("sha256", createSecretKey(ikm), salt, info, length)),
  },
  aeadKey,
  kemSecret: nodeKemSecret,
  kemTarget: nodeKemTarget,
  signer,
  verifier,
};

const TAG_BYTES = 16;
const TAG_LENGTH = { authTagLength: TAG_BYTES } as const;

function hmac(key: KeyObject, data: Uint8Array): Uint8Array {
  return plain(createHmac("sha256", key).update(data).digest());
}

const FIRST_BLOCK = Uint8Array.of(1);

/** RFC 5869 section 2.3; node:crypto has no Expand without an Extract. */
function hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const key = createSecretKey(prk);
  if (length <= 32)
    return plain(createHmac("sha256", key).update(info).update(FIRST_BLOCK).digest()).subarray(0, length);
  if (length > 255 * 32) throw new RangeError("HKDF-Expand gives at most 8,160 bytes.");
  const output = new Uint8Array(Math.ceil(length / 32) * 32);
  let previous: Uint8Array = new Uint8Array(0);
  for (let block = 1; (block - 1) * 32 < length; block++) {
    previous = createHmac("sha256", key).update(previous).update(info).update(Uint8Array.of(block)).digest();
    output.set(previous, (block - 1) * 32);
  }
  return output.subarray(0, length);
}

function aeadKey(bytes: Uint8Array): AeadKey {
  if (bytes.length !== 32) throw new RangeError("An AEAD key has 32 bytes.");
  let key: KeyObject | undefined = createSecretKey(bytes);
  const live = (): KeyObject => {
    if (!key) throw new Error("The key was destroyed.");
    return key;
  };
  return {
    seal: (suite, nonce, aad, plaintext, into) => {
      const cipher =
        suite === Suite.AES_256_GCM
          ? createCipheriv("aes-256-gcm", live(), nonce)
          : createCipheriv("chacha20-poly1305", live(), nonce, TAG_LENGTH);
      cipher.setAAD(aad);
      into.set(cipher.update(plaintext));
      cipher.final();
      into.set(cipher.getAuthTag(), plaintext.length);
    },
    open: (suite, nonce, aad, sealed) => {
      const length = sealed.length - TAG_BYTES;
      if (length < 0) return undefined;
      const decipher =
        suite === Suite.AES_256_GCM
          ? createDecipheriv("aes-256-gcm", live(), nonce, TAG_LENGTH)
          : createDecipheriv("chacha20-poly1305", live(), nonce, TAG_LENGTH);
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(length));
      const plaintext = decipher.update(sealed.subarray(0, length));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return plain(plaintext);
    },
    destroy: () => {
      key = undefined;
    },
  };
}

function signer(seed: Uint8Array): Signer {
  if (seed.length !== 32) throw new RangeError("An Ed25519 private key has 32 bytes.");
  let key: KeyObject | undefined = createPrivateKey({
    key: Buffer.from(seed),
    format: "raw-private",
    asymmetricKeyType: "ed25519",
  });
  return {
    publicKey: plain(createPublicKey(key).export({ format: "raw-public" })),
    sign: (message) => {
      if (!key) throw new Error("The key was destroyed.");
      return plain(sign(null, message, key));
    },
    destroy: () => {
      key = undefined;
    },
  };
}

function verifier(publicKey: Uint8Array): Verifier {
  const key = nodePublicKey("ed25519", publicKey);
  return { verify: (message, signature) => verify(null, message, key, signature) };
}
