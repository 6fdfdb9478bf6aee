import type { Guarded } from "./guard.ts";

const address =
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>"'`)\]]+|\bwww\.[^\s<>"'`)\]]+|\b(?:data|javascript|vbscript|file):[^\s<>"'`)\]]+/giu;
const loadingTag =
  /<\/?(?:img|image|picture|source|video|audio|track|iframe|frame|object|embed|link|script|style|svg|meta|base|form|input|a)\b[^>]*(?:>|$)/giu;
const inlineImage = /!\[([^\]]*)\]\([^)]*\)/gu;
const inlineTarget = /\]\(\s*<?([^)\s>]*)[^)]*\)/gu;
const definition = /^[ \t]*\[[^\]\n]+\]:[ \t]*\S+.*$/gmu;

/**
 * Removes every way by which showing an answer could carry its text to somebody else: images (a renderer loads them
 * unasked), HTML that loads, and each address that isn't, to the letter, in a text that the model was shown. So words of
 * the conversation can't be smuggled out as the path or query of an address that a passage told the model to write.
 */
export function withoutExfiltration(answer: string, shownTexts: readonly string[]): Guarded {
  const known = new Set(shownTexts.flatMap((text) => Array.from(text.matchAll(address), ([found]) => trimmed(found))));
  let images = 0;
  let links = 0;
  const text = answer
    .replace(inlineImage, (_image, label: string) => {
      images += 1;
      return label;
    })
    .replace(loadingTag, () => {
      images += 1;
      return "";
    })
    .replace(inlineTarget, (link, target: string) => {
      if (known.has(trimmed(target))) return link;
      links += 1;
      return "]";
    })
    .replace(definition, (line) => {
      const target = /\]:[ \t]*<?([^\s>]+)/u.exec(line)?.[1] ?? "";
      if (known.has(trimmed(target))) return line;
      links += 1;
      return "";
    })
    .replace(address, (found) => {
      if (known.has(trimmed(found))) return found;
      links += 1;
      return "[link removed]";
    });
  const findings: Guarded["findings"] = [];
  if (images > 0) findings.push({ kind: "image", count: images });
  if (links > 0) findings.push({ kind: "link", count: links });
  return { text, findings };
}

function trimmed(found: string): string {
  return found.replace(/[.,;:!?]+$/u, "");
}
