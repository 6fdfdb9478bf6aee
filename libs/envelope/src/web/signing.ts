import { ed25519 } from "@noble/curves/ed25519.js";
import type { Signer, Verifier } from "../backend.ts";
import { copyOf } from "../bytes.ts";
import { ImportedKey, pkcs8 } from "./imported-key.ts";
import type { Subtle } from "./web-crypto.ts";

const ED25519 = { name: "Ed25519" } as const;

/** WebCrypto signs; the public key, which it does not give for a private one, is computed once in JavaScript. */
export function webSigner(subtle: Subtle, seed: Uint8Array): Signer<Promise<Uint8Array>> {
  if (seed.length !== 32) throw new RangeError("An Ed25519 private key has 32 bytes.");
  const encoded = pkcs8("Ed25519", seed);
  const key = new ImportedKey(encoded, (copy) => subtle.importKey("pkcs8", copy, ED25519, false, ["sign"]));
  encoded.fill(0);
  return {
    publicKey: ed25519.getPublicKey(seed),
    sign: async (message) => {
      const signed = copyOf(message); // as it is now, whatever the caller does while we wait
      return new Uint8Array(await subtle.sign(ED25519, await key.get(), signed));
    },
    destroy: () => {
      key.destroy();
    },
  };
}

/** @throws when the 32 bytes are no point of the curve, which WebCrypto would not say */
export function webVerifier(subtle: Subtle, publicKey: Uint8Array): Verifier<Promise<boolean>> {
  ed25519.Point.fromBytes(publicKey, false);
  const key = new ImportedKey(publicKey, (copy) => subtle.importKey("raw", copy, ED25519, true, ["verify"]));
  return {
    verify: async (message, signature) => {
      const [verified, by] = [copyOf(message), copyOf(signature)];
      return subtle.verify(ED25519, await key.get(), by, verified);
    },
  };
}
