import type { SigningKey } from "@cloister/envelope";
import type { NoteSigner } from "@cloister/policy";

/** A key handle as libs/policy signs notes with. */
export function noteSigner(key: SigningKey): NoteSigner {
  return { publicKey: key.publicKeyBytes, sign: (message) => key.sign(message) };
}
