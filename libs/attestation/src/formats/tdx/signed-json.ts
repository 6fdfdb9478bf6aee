import { hexToBytes } from "@noble/curves/utils.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/** A document of Intel's: an object with one member that is signed as it is spelled, and the signature beside it. */
export interface SignedJson {
  /** The signed member's text, UTF-8. */
  readonly signedBytes: Uint8Array;
  /** The same, parsed. */
  readonly value: unknown;
  /** ECDSA P-256, r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
}

const MAX_CHARACTERS = 256 * 1024;
const SIGNATURE = /^[0-9a-f]{128}$/;

/**
 * Splits a document as Intel serves it, `{"<member>":{…},"signature":"<128 hex digits>"}`, without changing a character
 * of what is signed. Undefined unless it is exactly that: other members, or one of these twice, are not signed and could
 * mislead another reader.
 */
export function readSignedJson(text: string, member: string): SignedJson | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const members = membersOf(text);
  const signedText = members?.get(member);
  const signature = members?.get("signature");
  if (members?.size !== 2 || signedText === undefined || signature === undefined) return undefined;
  const hex: unknown = JSON.parse(signature);
  if (typeof hex !== "string" || !SIGNATURE.test(hex)) return undefined;
  return { signedBytes: utf8ToBytes(signedText), value: JSON.parse(signedText), signature: hexToBytes(hex) };
}

/** The members of an object by name, each as it is spelled; undefined if the text is no object or repeats a name. */
function membersOf(text: string): ReadonlyMap<string, string> | undefined {
  if (!isJson(text) || !text.trimStart().startsWith("{")) return undefined;
  const members = new Map<string, string>();
  let at = text.indexOf("{") + 1;
  for (;;) {
    const name = nextValue(text, at);
    if (name.text === "") return members;
    const value = nextValue(text, name.end);
    const key = String(JSON.parse(name.text));
    if (members.has(key)) return undefined;
    members.set(key, value.text);
    at = value.end;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** In a text known to be JSON: the next value after separators, by counting brackets outside of strings. */
function nextValue(text: string, from: number): { readonly text: string; readonly end: number } {
  let start = from;
  while (/[\s,:]/.test(text.charAt(start))) start++;
  let depth = 0;
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at);
    else if ("{[".includes(character)) depth++;
    else if (depth > 0 && "}]".includes(character)) depth--;
    else if (depth === 0 && /[\s,:}\]]/.test(character)) break;
    if (depth === 0 && '"}]'.includes(text.charAt(at))) {
      at++;
      break;
    }
  }
  return { text: text.slice(start, at), end: at };
}

/** Where the string that begins at `from` has its closing quotation mark. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
  return at;
}
