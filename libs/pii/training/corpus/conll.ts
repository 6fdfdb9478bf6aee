import type { EntityType } from "../../src/entities.ts";
import type { Example, NameSpan } from "./example.ts";

const kinds: Readonly<Record<string, EntityType>> = {
  PER: "PERSON",
  person: "PERSON",
  LOC: "LOCATION",
  location: "LOCATION",
  ORG: "ORGANIZATION",
  corporation: "ORGANIZATION",
  group: "ORGANIZATION",
};

/**
 * Tweets in CoNLL form (token, tab, BIO tag; a blank line between tweets), put back together as text. Handles
 * ("@name"), which one corpus calls people and the other does not, are no names here.
 */
export function readConll(file: string): Example[] {
  return file
    .replace(/^\uFEFF/, "")
    .split(/\r?\n\s*\r?\n/)
    .map((block) => exampleOf(block.split(/\r?\n/).flatMap(tokenOf)))
    .filter((example) => example.text.length > 0);
}

interface TaggedToken {
  readonly text: string;
  readonly tag: string;
}

function tokenOf(line: string): TaggedToken[] {
  const [text, tag] = line.split("\t");
  return text === undefined || tag === undefined || text.trim() === "" ? [] : [{ text, tag: tag.trim() }];
}

function exampleOf(tokens: readonly TaggedToken[]): Example {
  let text = "";
  const names: NameSpan[] = [];
  for (const [index, token] of tokens.entries()) {
    const afterAt = tokens[index - 1]?.text === "@";
    if (text !== "" && !afterAt && !joinsLeft(token.text)) text += " ";
    const start = text.length;
    text += token.text;
    const kind = kinds[token.tag.slice(2)];
    if (kind === undefined || afterAt || token.text.startsWith("@")) continue;
    const last = names.at(-1);
    const continues = token.tag.startsWith("I-") && last?.type === kind && text.slice(last.end, start).trim() === "";
    if (continues) names[names.length - 1] = { ...last, end: text.length };
    else names.push({ start, end: text.length, type: kind });
  }
  return { text, names };
}

function joinsLeft(token: string): boolean {
  return /^(?:[.,!?;:)\]%]+|'(?:s|m|re|ve|ll|d)|n't)$/i.test(token);
}
