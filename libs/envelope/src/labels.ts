import { asciiBytes } from "./bytes.ts";

/** Domain separation: every hash, derivation and AAD of the format starts with one of these. They never change. */
export const LABELS = {
  tenant: asciiBytes("cloister/v1 tenant"),
  conversation: asciiBytes("cloister/v1 conversation"),
  id: asciiBytes("cloister/v1 id"),
  wrapKeyId: asciiBytes("cloister/v1 wrap key"),
  payload: asciiBytes("cloister/v1 payload"),
  stream: asciiBytes("cloister/v1 stream"),
  cek: asciiBytes("cloister/v1 cek"),
  kemAad: asciiBytes("cloister/v1 kem"),
  wrapAad: asciiBytes("cloister/v1 wrap"),
  signature: asciiBytes("cloister/v1 sig"),
} as const;
