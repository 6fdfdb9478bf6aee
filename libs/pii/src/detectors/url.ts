import { parse } from "tldts";
import type { Accepted, PatternRule } from "./rule.ts";

const source = "RFC 3986; domains of the Public Suffix List (tldts)";

export const url: PatternRule = {
  name: "url",
  type: "URL",
  source,
  trigger: /:\/\/|www\./i,
  pattern: /(?<![a-z0-9])(?:(?:https?|ftps?|wss?|sftp|ssh|ldaps?):\/\/|www\.)[^\s<>"'`{}|\\^]{2,2048}/gi,
  accept: (match) => ({ start: 0, end: withoutTrailingPunctuation(match).length, score: 0.9 }),
};

export const domain: PatternRule = {
  name: "domain",
  type: "URL",
  source,
  trigger: /[a-z0-9]\.[a-z]/i,
  pattern:
    /(?<![\p{L}\p{N}@._-])(?:[a-z0-9][a-z0-9-]{0,62}\.){1,6}[a-z]{2,24}(?![\p{L}\p{N}@_(-])(?::\d{2,5})?(?:\/[^\s<>"'`{}|\\^]{0,512})?/giu,
  accept: acceptDomain,
};

// Country codes that are also words: a full stop without a space behind it looks like them.
const wordSuffixes = new Set("in is it so to no be me my am at as do us by id am ie la st pm tv is".split(" "));

function acceptDomain(match: string): Accepted | undefined {
  const trimmed = withoutTrailingPunctuation(match);
  const found = parse(trimmed, { allowPrivateDomains: false });
  if (found.isIcann !== true || found.domain === null || found.publicSuffix === null) return undefined;
  const hasPath = trimmed.includes("/");
  const looksLikeSentence = wordSuffixes.has(found.publicSuffix) || /[a-z]\.[A-Z]/.test(trimmed);
  if (looksLikeSentence && !hasPath) return { start: 0, end: trimmed.length, score: 0.3 };
  return { start: 0, end: trimmed.length, score: 0.6 };
}

/** Punctuation that closes a sentence, or a bracket that the address itself did not open. */
function withoutTrailingPunctuation(address: string): string {
  let end = address.length;
  while (end > 0 && /[.,;:!?)\]]/.test(address.charAt(end - 1))) {
    if (address.charAt(end - 1) === ")" && address.slice(0, end).includes("(")) break;
    end--;
  }
  return address.slice(0, end);
}
