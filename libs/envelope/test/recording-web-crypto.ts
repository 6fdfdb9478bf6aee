import type { NativeKey, Subtle, WebCrypto } from "../src/web/web-crypto.ts";

/** What the runtime was asked to do, and what of it is secret. */
export interface Recording {
  readonly crypto: WebCrypto;
  /** Method and algorithm, in the order of the calls. */
  readonly calls: string[];
  /** Every key that the runtime made. */
  readonly keys: NativeKey[];
  /** Bytes of private and secret keys as they were handed over, and shared secrets as they were given. */
  readonly secrets: Uint8Array[];
}

const PUBLIC = new Set(["raw X25519", "raw Ed25519", "raw-public ML-KEM-768"]);

/** The runtime's own WebCrypto, whose calls are written down. */
export function recordingWebCrypto(): Recording {
  // Node's own, whose types are older than its ML-KEM.
  const { subtle } = globalThis.crypto as unknown as WebCrypto;
  const calls: string[] = [];
  const keys: NativeKey[] = [];
  const secrets: Uint8Array[] = [];
  const recorded: Subtle = {
    digest: (algorithm, data) => {
      calls.push(`digest ${algorithm}`);
      return subtle.digest(algorithm, data);
    },
    importKey: async (format, data, algorithm, ...rest) => {
      calls.push(`importKey ${algorithm.name}`);
      // What HKDF starts from may be public.
      if (algorithm.name !== "HKDF" && !PUBLIC.has(`${format} ${algorithm.name}`)) secrets.push(data);
      const key = await subtle.importKey(format, data, algorithm, ...rest);
      keys.push(key);
      return key;
    },
    generateKey: async (algorithm, ...rest) => {
      calls.push(`generateKey ${algorithm.name}`);
      const pair = await subtle.generateKey(algorithm, ...rest);
      keys.push(pair.privateKey, pair.publicKey);
      return pair;
    },
    exportKey: (format, key) => subtle.exportKey(format, key),
    deriveBits: async (algorithm, ...rest) => {
      calls.push(`deriveBits ${algorithm.name}`);
      const bits = await subtle.deriveBits(algorithm, ...rest);
      if (algorithm.name === "X25519") secrets.push(new Uint8Array(bits));
      return bits;
    },
    encrypt: (algorithm, ...rest) => {
      calls.push(`encrypt ${algorithm.name}`);
      return subtle.encrypt(algorithm, ...rest);
    },
    decrypt: (algorithm, ...rest) => {
      calls.push(`decrypt ${algorithm.name}`);
      return subtle.decrypt(algorithm, ...rest);
    },
    sign: (algorithm, ...rest) => {
      calls.push(`sign ${algorithm.name}`);
      return subtle.sign(algorithm, ...rest);
    },
    verify: (algorithm, ...rest) => {
      calls.push(`verify ${algorithm.name}`);
      return subtle.verify(algorithm, ...rest);
    },
    encapsulateBits: async (algorithm, key) => {
      calls.push(`encapsulateBits ${algorithm.name}`);
      if (!subtle.encapsulateBits) throw new Error("This runtime has no ML-KEM.");
      const encapsulated = await subtle.encapsulateBits(algorithm, key);
      secrets.push(new Uint8Array(encapsulated.sharedKey));
      return encapsulated;
    },
    decapsulateBits: async (algorithm, ...rest) => {
      calls.push(`decapsulateBits ${algorithm.name}`);
      if (!subtle.decapsulateBits) throw new Error("This runtime has no ML-KEM.");
      const bits = await subtle.decapsulateBits(algorithm, ...rest);
      secrets.push(new Uint8Array(bits));
      return bits;
    },
  };
  return {
    crypto: { subtle: recorded, getRandomValues: (bytes) => globalThis.crypto.getRandomValues(bytes) },
    calls,
    keys,
    secrets,
  };
}
