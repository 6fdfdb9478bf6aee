import { equalBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { fromBase64, toBase64 } from "./base64.ts";
import { verifyEd25519, type NoteSigner } from "./ed25519.ts";
import { PolicyError } from "./errors.ts";

// C2SP signed-note (https://c2sp.org/signed-note), Ed25519 signatures only:
//   text, ending in a newline · empty line · lines "— name base64(key id (4) ‖ signature (64))"

export const MAX_NOTE_BYTES = 64 * 1024;
const MAX_NOTE_SIGNATURES = 16;

const ED25519_TYPE = 0x01;
const SIGNATURE_PREFIX = "— ";
const SEPARATOR = "\n\n";
// Unicode white space and "+" can't stand in a key name.
const KEY_NAME = /^[^\s+\u0000-\u001f]{1,255}$/u;
const FORBIDDEN_CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** A public key that a reader trusts, under the name it signs with. */
export interface NoteVerifier {
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface NamedSigner {
  readonly name: string;
  readonly key: NoteSigner;
}

export interface OpenedNote {
  /** What was signed, verbatim, its last newline included. */
  readonly text: string;
  /** The verifiers whose signature was found and holds. Never empty. */
  readonly signedBy: readonly NoteVerifier[];
}

/**
 * Signs text as a note.
 * @throws PolicyError NOTE_MALFORMED if the text doesn't end in a newline, holds another control character, or the
 * note gets larger than `openNote` reads; or if a name is empty or holds white space or "+".
 */
export function signNote(text: string, signers: readonly NamedSigner[]): Uint8Array {
  checkText(text);
  const message = utf8ToBytes(text);
  const lines = signers.map(({ name, key }) => {
    const signature = concatBytes(noteKeyId({ name, publicKey: key.publicKey }), key.sign(message));
    return `${SIGNATURE_PREFIX}${name} ${toBase64(signature)}\n`;
  });
  const note = utf8ToBytes(`${text}\n${lines.join("")}`);
  if (lines.length === 0 || lines.length > MAX_NOTE_SIGNATURES || note.length > MAX_NOTE_BYTES) {
    throw malformed("A note needs 1 to 16 signatures and at most 64 KiB.");
  }
  return note;
}

/**
 * Opens a note whose text at least `required` (default 1) of the given keys signed. Signatures of unknown keys are
 * ignored; a known key's bad signature refuses the note.
 * @throws PolicyError NOTE_MALFORMED, SIGNATURE_INVALID, or NOTE_UNSIGNED if too few known keys signed.
 */
export function openNote(
  note: Uint8Array,
  verifiers: readonly NoteVerifier[],
  { required = 1 }: { readonly required?: number } = {},
): OpenedNote {
  const { text, signatures } = parseNote(note);
  const message = utf8ToBytes(text);
  const signedBy = new Map<string, NoteVerifier>();
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && equalBytes(noteKeyId(known), keyId));
    if (!verifier) continue;
    if (!verifyEd25519(verifier.publicKey, message, signature)) {
      throw new PolicyError("SIGNATURE_INVALID", "A note carries a signature that its named key never made.");
    }
    signedBy.set(toBase64(verifier.publicKey), verifier);
  }
  if (signedBy.size < Math.max(1, required)) {
    throw new PolicyError("NOTE_UNSIGNED", "A note isn't signed by the key that has to sign it.");
  }
  return { text, signedBy: [...signedBy.values()] };
}

/** SHA-256(name ‖ newline ‖ 0x01 ‖ public key)[:4]. @throws PolicyError NOTE_MALFORMED for a name no note may carry. */
export function noteKeyId({ name, publicKey }: NoteVerifier): Uint8Array {
  if (!KEY_NAME.test(name)) throw malformed("A note's key name is empty or holds white space or a plus sign.");
  return sha256(concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(ED25519_TYPE), publicKey)).subarray(0, 4);
}

/** The text of a note whose signatures somebody else checks. @throws PolicyError NOTE_MALFORMED. */
export function unverifiedNoteText(note: Uint8Array): string {
  return parseNote(note).text;
}

interface SignatureLine {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

function parseNote(note: Uint8Array): { text: string; signatures: readonly SignatureLine[] } {
  if (note.length > MAX_NOTE_BYTES) throw malformed("A note is larger than 64 KiB.");
  const whole = decodeUtf8(note);
  const split = whole.lastIndexOf(SEPARATOR);
  if (split < 0 || !whole.endsWith("\n")) throw malformed("A note has no signatures after an empty line.");
  const text = whole.slice(0, split + 1);
  checkText(text);
  const lines = whole.slice(split + SEPARATOR.length, -1).split("\n");
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed("A note carries more than 16 signatures.");
  return { text, signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): SignatureLine {
  const [name, encoded, ...rest] = line.slice(SIGNATURE_PREFIX.length).split(" ");
  const isSound = line.startsWith(SIGNATURE_PREFIX) && name !== undefined && KEY_NAME.test(name) && rest.length === 0;
  if (!isSound || encoded === undefined) throw malformed("A note's signature line is not in its form.");
  const bytes = fromBase64(encoded);
  if (bytes.length < 5) throw malformed("A note's signature is too short.");
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

function checkText(text: string): void {
  if (!text.endsWith("\n") || FORBIDDEN_CONTROL.test(text)) {
    throw malformed("A note's text must end in a newline and hold no other control character.");
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new PolicyError("NOTE_MALFORMED", "A note is not UTF-8.", { cause });
  }
}

function malformed(message: string): PolicyError {
  return new PolicyError("NOTE_MALFORMED", message);
}
