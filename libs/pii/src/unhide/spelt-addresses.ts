import { parse } from "tldts";
import type { Reading } from "./rewrite.ts";

const bracketed = (words: string): string => `\\s{0,3}[\\[({<]\\s?(?:${words})\\s?[\\])}>]\\s{0,3}`;
const atSign = new RegExp(
  `${bracketed("at|ät|@|arroba|arobase|chiocciola")}|[_-]at[_-]|\\s{1,3}(?:at|arroba|arobase|chiocciola|klammeraffe)\\s{1,3}|\\s{0,3}(?:%40|&commat;|\\\\u0040)\\s{0,3}|\\s{1,3}@\\s{0,3}|@\\s{1,3}`,
  "giu",
);
const speltDot = `${bracketed("dot|\\.|punkt|punto|point|ponto|punt|kropka")}|\\s{1,3}(?:dot|punkt|punto|point|ponto|punt|kropka)\\s{1,3}|[_-]dot[_-]`;
const speltSign = `${speltDot}|\\s{1,3}(?:underscore|dash|hyphen|minus)\\s{1,3}`;
const word = "[\\p{L}\\p{N}_+%-]{1,40}";
const before = new RegExp(`(?<![\\p{L}\\p{N}])(?:${word}(?:${speltSign}|\\.)){0,4}${word}$`, "iu");
const after = new RegExp(
  `^(?:[\\p{L}\\p{N}-]{1,40}(?:${speltDot}|\\s?\\.\\s?)){1,5}\\p{L}{2,18}(?![\\p{L}\\p{N}])`,
  "iu",
);
const dots = new RegExp(`${speltDot}|\\s{1,3}\\.\\s{0,3}|\\.\\s{1,3}`, "giu");
const speltDotAnywhere = new RegExp(speltDot, "iu");
const signs = new RegExp(speltSign, "giu");
const tight = /^(?:%40|&|\\|\s{0,3}[[({<]|\s{0,3}@|\s{1,3}@)/u;

// "Meet us at example dot com" tells where, not whom to write to.
const notMailboxes = new Set(
  "me you us them him it is are was be buy sell look found find available online order shop visit more here there live work meet out app now sale check site page store listed hosted".split(
    " ",
  ),
);

const spacedOut = /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}._+-] ){2,40}@ (?:[\p{L}\p{N}.-] ){3,40}\p{L}(?![\p{L}\p{N}])/gu;

const defangedDot = /(?<=[\p{L}\p{N}])(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))(?=[\p{L}\p{N}])/giu;
const defangedScheme = /(?<![\p{L}\p{N}])hxxp(?=s?:\/\/|s?\[:)/giu;
const speltIp = /(?<![\p{L}\p{N}])\d{1,3}(?:(?: dot | \. |\.)\d{1,3}){3}(?![\p{L}\p{N}])/giu;

/** Readings of "hxxp://example[.]com" and "192 dot 168 dot 1 dot 1". */
function defangedAddresses(text: string): Reading[] {
  if (!/[[({]|hxxp|\d dot \d|\d \. \d/iu.test(text)) return [];
  const read = (match: RegExpExecArray, at: number, length: number, reading: string): Reading => ({
    start: match.index + at,
    end: match.index + at + length,
    text: reading,
  });
  return [
    ...Array.from(text.matchAll(defangedDot), (match) => read(match, 0, match[0].length, ".")),
    ...Array.from(text.matchAll(defangedScheme), (match) => read(match, 0, 4, "http")),
    ...Array.from(text.matchAll(speltIp)).flatMap((match) =>
      Array.from(match[0].matchAll(/ dot | \. |\./gi)).flatMap((dot) =>
        dot[0] === "." ? [] : [read(match, dot.index, dot[0].length, ".")],
      ),
    ),
  ];
}

/** Readings of "j o h n @ e x a m p l e . c o m". */
function spacedAddresses(text: string): Reading[] {
  if (!text.includes(" @ ")) return [];
  return Array.from(text.matchAll(spacedOut)).flatMap(({ 0: written, index }) =>
    Array.from(written.matchAll(/ /g), (space) => ({
      start: index + space.index,
      end: index + space.index + 1,
      text: "",
    })),
  );
}

/** Readings of "name at domain dot com", "name [at] domain (dot) com", "name @ domain . com" and "name%40domain.com". */
export function speltAddresses(text: string): Reading[] {
  const found = spacedAddresses(text).concat(defangedAddresses(text));
  for (const at of text.matchAll(atSign)) {
    const end = at.index + at[0].length;
    const host = hostAt(text.slice(end, end + 160));
    if (host === undefined) continue;
    const mailbox = before.exec(text.slice(Math.max(0, at.index - 120), at.index))?.[0];
    if (mailbox === undefined || mailbox.length < 2) continue;
    const isSpelt = !tight.test(at[0]);
    if (isSpelt && (!isSpeltHost(at[0], host) || notMailboxes.has(mailbox.toLowerCase()))) continue;
    found.push(...readingsOf(mailbox, at.index - mailbox.length, signs));
    found.push({ start: at.index, end, text: "@" });
    found.push(...readingsOf(host, end, dots));
  }
  return found;
}

/** "At this point to" has English words and a suffix: beside "at" the dot has to be called a dot. */
function isSpeltHost(at: string, host: string): boolean {
  return /^\W*at\W*$/i.test(at) ? /(?:\s|_|-)dot(?:\s|_|-)|[[({<]/i.test(host) : speltDotAnywhere.test(host);
}

/** The name of a host at the start of the text, with a public suffix; undefined if there is none. */
function hostAt(text: string): string | undefined {
  const host = after.exec(text)?.[0];
  if (host === undefined || /\.\s+\p{Lu}/u.test(host)) return undefined;
  const { isIcann, domain } = parse(host.replace(dots, "."), { allowPrivateDomains: false });
  return isIcann === true && domain !== null ? host : undefined;
}

function readingsOf(written: string, offset: number, pattern: RegExp): Reading[] {
  return Array.from(written.matchAll(pattern), (match) => ({
    start: offset + match.index,
    end: offset + match.index + match[0].length,
    text: signOf(match[0]),
  }));
}

function signOf(written: string): string {
  if (/underscore/i.test(written)) return "_";
  return /dash|hyphen|minus/i.test(written) ? "-" : ".";
}
