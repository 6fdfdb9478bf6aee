import { decodeFirst } from "cborg";
import { DOCUMENT_HEAD } from "./cose-sign1.ts";

/** A document, and how many bytes stood around it. */
export interface CarriedDocument {
  readonly document: Uint8Array;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Files of tools begin with a length or two. */
const MAX_BEFORE = 64;

/**
 * The document (without its tag) in bytes that carry one between others, as tools write files: what is around it is
 * nobody's word. The bytes as they are, if none begins within the first 64 or it doesn't end.
 */
export function carriedDocument(bytes: Uint8Array): CarriedDocument {
  const bytesBefore = startOf(bytes);
  const bytesAfter = bytesBefore === undefined ? undefined : bytesBehind(bytes.subarray(bytesBefore));
  if (bytesBefore === undefined || bytesAfter === undefined) return { document: bytes, bytesBefore: 0, bytesAfter: 0 };
  return { document: bytes.subarray(bytesBefore, bytes.length - bytesAfter), bytesBefore, bytesAfter };
}

function startOf(bytes: Uint8Array): number | undefined {
  const isHeadAt = (at: number): boolean => DOCUMENT_HEAD.every((byte, index) => bytes[at + index] === byte);
  for (let at = 0; at <= MAX_BEFORE; at++) if (isHeadAt(at)) return at;
  return undefined;
}

/** Undefined where the document doesn't end. */
function bytesBehind(document: Uint8Array): number | undefined {
  try {
    return decodeFirst(document, { useMaps: true })[1].length;
  } catch {
    return undefined;
  }
}
