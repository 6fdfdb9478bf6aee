import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { type Contender, contender } from "./contender.ts";

/**
 * What any such message costs in raw node:crypto, written as fast as we know how (KeyObjects, one call for randomness): one
 * HKDF, one AEAD of the payload, one wrap; or one X-Wing encapsulation and a wrap. No format, padding, commitment or HPKE.
 */
const salt = randomBytes(32);
const info = Buffer.from("floor");
const aad = randomBytes(32);
const label = Buffer.from("5c2e2f2f5e5c", "hex");
const options = { authTagLength: 16 } as const;

interface Box {
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

function encrypt(key: KeyObject, nonce: Buffer, plaintext: Uint8Array): Box {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, options);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
}

function decrypt(key: KeyObject, nonce: Buffer, { ciphertext, tag }: Box): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, options);
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  decipher.final();
  return plaintext;
}

function derive(cek: Uint8Array): { key: KeyObject; nonce: Buffer } {
  const okm = Buffer.from(hkdfSync("sha256", createSecretKey(cek), salt, info, 44));
  return { key: createSecretKey(okm.subarray(0, 32)), nonce: okm.subarray(32) };
}

interface Wrapped {
  readonly nonce: Buffer;
  readonly wrapped: Box;
  readonly body: Box;
}

const wrappingKey = createSecretKey(randomBytes(32));

const wrap = contender<Wrapped>({
  name: "floor, wrap",
  group: "wrap",
  isFloor: true,
  seal: (payload) => {
    const random = randomBytes(44);
    const cek = random.subarray(0, 32);
    const nonce = random.subarray(32);
    const payloadKey = derive(cek);
    const body = encrypt(payloadKey.key, payloadKey.nonce, payload);
    return { nonce, wrapped: encrypt(wrappingKey, nonce, cek), body };
  },
  open: ({ nonce, wrapped, body }) => {
    const payloadKey = derive(decrypt(wrappingKey, nonce, wrapped));
    return decrypt(payloadKey.key, payloadKey.nonce, body);
  },
  size: ({ body }) => 12 + 48 + body.ciphertext.length + 16,
});

const mlKem = generateKeyPairSync("ml-kem-768");
const x25519 = generateKeyPairSync("x25519");
const x25519Public = x25519.publicKey.export({ format: "raw-public" });
const zeroNonce = Buffer.alloc(12);

interface Encapsulated extends Omit<Wrapped, "nonce"> {
  readonly ciphertext: Buffer;
  readonly ephemeral: Buffer;
}

function combine(mlKemSecret: Buffer, x25519Secret: Buffer, ephemeral: Buffer): KeyObject {
  const input = Buffer.concat([mlKemSecret, x25519Secret, ephemeral, x25519Public, label]);
  return createSecretKey(hash("sha3-256", input, "buffer"));
}

const kem = contender<Encapsulated>({
  name: "floor, X-Wing",
  group: "kem",
  isFloor: true,
  seal: (payload) => {
    const cek = randomBytes(32);
    const { sharedKey, ciphertext } = encapsulate(mlKem.publicKey);
    const pair = generateKeyPairSync("x25519");
    const ephemeral = pair.publicKey.export({ format: "raw-public" });
    const agreed = diffieHellman({ privateKey: pair.privateKey, publicKey: x25519.publicKey });
    const wrapped = encrypt(combine(sharedKey, agreed, ephemeral), zeroNonce, cek);
    const payloadKey = derive(cek);
    return { ciphertext, ephemeral, wrapped, body: encrypt(payloadKey.key, payloadKey.nonce, payload) };
  },
  open: ({ ciphertext, ephemeral, wrapped, body }) => {
    const sharedKey = decapsulate(mlKem.privateKey, ciphertext);
    const publicKey = createPublicKey({ key: ephemeral, format: "raw-public", asymmetricKeyType: "x25519" });
    const agreed = diffieHellman({ privateKey: x25519.privateKey, publicKey });
    const payloadKey = derive(decrypt(combine(sharedKey, agreed, ephemeral), zeroNonce, wrapped));
    return decrypt(payloadKey.key, payloadKey.nonce, body);
  },
  size: ({ body }) => 1120 + 48 + body.ciphertext.length + 16,
});

const seed = { key: randomBytes(32), format: "raw-private", asymmetricKeyType: "ed25519" } as const;
const signingKey = createPrivateKey(seed);
const verifyingKey = createPublicKey(signingKey);

const signature = contender<{ payload: Uint8Array; signature: Buffer }>({
  name: "Ed25519 alone, of the payload",
  group: "signed",
  seal: (payload) => ({ payload, signature: sign(null, payload, signingKey) }),
  open: ({ payload, signature }) => verify(null, payload, verifyingKey, signature),
  size: ({ payload }) => payload.length + 64,
});

export const floor: readonly Contender[] = [wrap, kem, signature];
