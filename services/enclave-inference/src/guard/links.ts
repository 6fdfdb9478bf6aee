import type { Guarded } from "./guard.ts";

// Every pattern takes time in proportion to the answer: a model may be talked into repeating "](" for pages, and all
// tenants wait while one answer is guarded.

const scheme = String.raw`\b[a-z][a-z0-9+.-]{0,31}:\/\/|\bwww\.|\b(?:data|javascript|vbscript|file):`;
const address = new RegExp(`(?:${scheme})[^\\s<>"'\`)\\]]+`, "giu");
/** To the next blank: renderers take more for an address than people do. */
const addressAndMore = new RegExp(`(?:${scheme})[^\\s<>]+`, "giu");
const loadingTag =
  /<\/?(?:img|image|picture|source|video|audio|track|iframe|frame|object|embed|link|script|style|svg|meta|base|form|input|a)\b[^>]*(?:>|$)/giu;
const tag = /<[a-z][^>]*(?:>|$)/giu;
const attribute = /[\s/"'][^\s=<>"'/]+\s*=/u;
const image = /!+\[/gu;
const inlineTarget = /\]\([^)]*\)?/gu;
/** CommonMark section 4.7: it may stand in quotations and lists, its label has at most 999 characters. */
const definition = /^[ \t>*+\-\d.)]*\[(?:\\.|[^\]\\]){1,999}\]:/gmu;
const maxTargetCharacters = 4_096;

/**
 * Removes every way by which showing an answer could carry its text to somebody else: images (a renderer loads them
 * unasked), HTML that loads, and each address that isn't, to the letter, in a text that the model was shown. So words of
 * the conversation can't be smuggled out as the path or query of an address that a passage told the model to write.
 */
export function withoutExfiltration(answer: string, shownTexts: readonly string[]): Guarded {
  let known: ReadonlySet<string> | undefined;
  const isKnown = (target: string): boolean => (known ??= addressesIn(shownTexts)).has(target);
  let images = 0;
  let links = 0;
  const text = answer
    // A blank, not nothing: what stood around a tag must not become one.
    .replace(loadingTag, () => {
      images += 1;
      return " ";
    })
    .replace(tag, (found) => {
      if (!attribute.test(found)) return found;
      images += 1;
      return found.replaceAll("<", "< ");
    })
    .replace(image, () => {
      images += 1;
      return "[";
    })
    .replace(inlineTarget, (found) => {
      const target = /^\]\(\s*([^)\s]*)/u.exec(found)?.[1] ?? "";
      if (!found.endsWith(")") || isKnown(trimmed(target))) return found;
      links += 1;
      return "]";
    })
    .replace(definition, (found, at: number, whole: string) => {
      const end = at + found.length;
      const target = /^\s*(\S*)/u.exec(whole.slice(end, end + maxTargetCharacters))?.[1] ?? "";
      if (isKnown(trimmed(target))) return found;
      links += 1;
      return `${found.slice(0, -1)} :`;
    })
    .replace(addressAndMore, (found) => {
      const core = trimmed(found);
      if (isKnown(core)) return found;
      links += 1;
      return `[link removed]${found.slice(core.length)}`;
    });
  const findings: Guarded["findings"] = [];
  if (images > 0) findings.push({ kind: "image", count: images });
  if (links > 0) findings.push({ kind: "link", count: links });
  return { text, findings };
}

function addressesIn(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.flatMap((text) => Array.from(text.matchAll(address), ([found]) => trimmed(found))));
}

const closing = new Set(".,;:!?)]}\"'`*_~|");

/** Without the marks that end a sentence, a bracket or an emphasis. */
function trimmed(found: string): string {
  let end = found.length;
  while (end > 0 && closing.has(found.charAt(end - 1))) end -= 1;
  return found.slice(0, end);
}
