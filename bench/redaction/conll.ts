import type { Marked } from "./scoring.ts";
import type { GoldText } from "./sets.ts";

const kinds: Readonly<Record<string, string>> = {
  PER: "PERSON",
  person: "PERSON",
  LOC: "LOCATION",
  location: "LOCATION",
  ORG: "ORGANIZATION",
  corporation: "ORGANIZATION",
  group: "ORGANIZATION",
};

/** Tweets as token, tab, BIO tag, joined by spaces. Handles, on which the two sets disagree, are not gold. */
export function readConll(file: string): GoldText[] {
  return file
    .replace(/^\uFEFF/, "")
    .split(/\r?\n\s*\r?\n/)
    .map((block) => tweet(block.split(/\r?\n/).map((line) => line.split("\t"))))
    .filter(({ text }) => text !== "");
}

function tweet(lines: readonly (readonly string[])[]): GoldText {
  let text = "";
  let previous = "";
  const gold: Marked[] = [];
  for (const [token = "", tag = ""] of lines) {
    if (token.trim() === "") continue;
    if (text !== "" && previous !== "@" && !/^[.,!?;:)\]%]+$/.test(token)) text += " ";
    const start = text.length;
    text += token;
    const type = kinds[tag.trim().slice(2)];
    const last = gold.at(-1);
    const isHandle = previous === "@" || token.startsWith("@");
    previous = token;
    if (type === undefined || isHandle) continue;
    const continues = tag.startsWith("I-") && last?.type === type && text.slice(last.end, start).trim() === "";
    if (continues) gold[gold.length - 1] = { ...last, end: text.length };
    else gold.push({ start, end: text.length, type });
  }
  return { text, gold };
}
