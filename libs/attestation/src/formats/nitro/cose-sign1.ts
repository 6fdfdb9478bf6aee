import { equalBytes } from "@noble/curves/utils.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { decode, encode } from "cborg";
import { nitroMalformed } from "./malformed.ts";

/** What AWS signs: COSE_Sign1 (RFC 9052 4.2) with ES384, an empty unprotected header and the payload inside. */
export interface CoseSign1 {
  readonly payload: Uint8Array;
  /** r ‖ s, 96 bytes. */
  readonly signature: Uint8Array;
  /** Sig_structure, RFC 9052 4.4. */
  readonly signed: Uint8Array;
}

/** {1: -35}: ES384. */
const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);
const TAG = 0xd2;
/** An array of four, the protected header and an empty map. */
export const DOCUMENT_HEAD = concatBytes(Uint8Array.of(0x84, 0x44), PROTECTED, Uint8Array.of(0xa0));
const SIGNATURE_BYTES = 96;
/** The hypervisor's documents have at most 16 KiB. */
const MAX_BYTES = 16 * 1024;

/**
 * Reads a document with or without its tag (18). Nothing but the signed payload may vary: the frame has one encoding.
 * @throws AttestationError EVIDENCE_MALFORMED.
 */
export function parseCoseSign1(document: Uint8Array): CoseSign1 {
  if (document.length > MAX_BYTES) throw nitroMalformed("it is above 16 KiB");
  const frame = document[0] === TAG ? document.subarray(1) : document;
  const head = frame.subarray(0, DOCUMENT_HEAD.length);
  if (!equalBytes(head, DOCUMENT_HEAD)) throw nitroMalformed("it is no COSE_Sign1 by ES384");
  const [payload, signature] = readTwo(frame.subarray(DOCUMENT_HEAD.length));
  if (signature.length !== SIGNATURE_BYTES) throw nitroMalformed("its signature has another length");
  return { payload, signature, signed: encode(["Signature1", PROTECTED, new Uint8Array(), payload]) };
}

/** Two byte strings and nothing behind them, read as the array that they would be. */
function readTwo(bytes: Uint8Array): readonly [Uint8Array, Uint8Array] {
  let fields: unknown;
  try {
    fields = decode(concatBytes(Uint8Array.of(0x82), bytes), { strict: true, allowIndefinite: false });
  } catch (cause) {
    throw nitroMalformed("its payload or signature is no byte string", cause);
  }
  const list: readonly unknown[] = Array.isArray(fields) ? fields : [];
  const [payload, signature] = list;
  if (payload instanceof Uint8Array && signature instanceof Uint8Array) return [payload.slice(), signature.slice()];
  throw nitroMalformed("its payload or signature is no byte string");
}
