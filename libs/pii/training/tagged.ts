import { beginTag } from "../src/names/tags.ts";
import { type Token, tokenize } from "../src/names/tokenize.ts";
import type { Example } from "./corpus/example.ts";

/** A text as the model sees it, with the tag that each token should get. */
export interface TaggedText {
  readonly tokens: readonly Token[];
  readonly gold: Uint8Array;
}

export function tagged(example: Example): TaggedText {
  const tokens = tokenize(example.text);
  const gold = new Uint8Array(tokens.length);
  let next = 0;
  for (const name of [...example.names].sort((a, b) => a.start - b.start)) {
    let isFirst = true;
    while ((tokens[next]?.start ?? Infinity) < name.end) {
      const token = tokens[next];
      if (token !== undefined && token.end > name.start) {
        gold[next] = beginTag(name.type) + (isFirst ? 0 : 1);
        isFirst = false;
      }
      next++;
    }
  }
  return { tokens, gold };
}
