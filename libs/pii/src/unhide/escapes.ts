import type { Reading } from "./rewrite.ts";

// Ways in which programs write printable ASCII; what an editor or a log would show decoded.
const escapes: readonly (readonly [pattern: RegExp, base: number])[] = [
  /** HTML, section 13.5, in decimal and in hexadecimal. */
  [/&#0{0,4}(3[2-9]|[4-9]\d|1[01]\d|12[0-6]);/g, 10],
  [/&#x0{0,4}([2-6][\da-f]|7[\da-e]);/gi, 16],
  /** RFC 3986, section 2.1. */
  [/%([2-6][\da-f]|7[\da-e])/gi, 16],
  /** ECMA-262, section 12.9.4, and JSON. */
  [/\\u00([2-6][\da-f]|7[\da-e])/gi, 16],
  [/\\x([2-6][\da-f]|7[\da-e])/gi, 16],
];
/** RFC 2045, section 6.7: among letters and digits only, since "a=40" is an assignment elsewhere. A line may go on. */
const quotedPrintable = /(?<=[\p{L}\p{N}])=(40|2E|2D|5F|2B)(?=[\p{L}\p{N}])/giu;
const softLineBreak = /=\r?\n/g;
/** U+3002, which input methods for East Asia write for a full stop; hosts may hold it (RFC 5895). */
const ideographicStop = /(?<=[a-z\d])。(?=[a-z\d])/gi;
/** A comma for the last full stop of an address, as fingers slip. */
const slippedStop = /(?<=@[a-z\d-]{1,60}),(?=(?:com|org|net|edu|gov|io|de|fr|it|es|nl|pl|co\.uk)(?![\p{L}\p{N}]))/giu;
const someEscape = /&#|%[2-7]|\\[ux]|=[245]|=\r?\n|。|@/i;

/** Readings of characters that are written as an escape sequence. */
export function escapedCharacters(text: string): Reading[] {
  if (!someEscape.test(text)) return [];
  const reading = (match: RegExpExecArray, read: string): Reading => ({
    start: match.index,
    end: match.index + match[0].length,
    text: read,
  });
  const decoded = (pattern: RegExp, base: number): Reading[] =>
    Array.from(text.matchAll(pattern), (match) => reading(match, String.fromCharCode(parseInt(match[1] ?? "", base))));
  return [
    ...escapes.flatMap(([pattern, base]) => decoded(pattern, base)),
    ...decoded(quotedPrintable, 16),
    ...Array.from(text.matchAll(softLineBreak), (match) => reading(match, "")),
    ...Array.from(text.matchAll(ideographicStop), (match) => reading(match, ".")),
    ...(text.includes("@") ? Array.from(text.matchAll(slippedStop), (match) => reading(match, ".")) : []),
  ];
}
