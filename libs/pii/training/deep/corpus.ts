/**
 * Prints what the deep names model is tuned on and judged by, a text a line: its set, its words and their tags.
 *   node libs/pii/training/deep/corpus.ts > corpus.jsonl
 */
import { readFileSync } from "node:fs";
import { wordsOf } from "@cloister/deep-names";
import { beginTag } from "../../src/names/tags.ts";
import { readConll } from "../corpus/conll.ts";
import type { Example } from "../corpus/example.ts";
import { readGenerated } from "../corpus/generated.ts";
import { readQuestions } from "../corpus/questions.ts";
import { synthesize } from "../corpus/synthetic.ts";
import { Random } from "../random.ts";
import { readWordLists } from "../word-lists.ts";

const data = new URL("../../../../../shared/data/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, data), "utf8");
const generated = readGenerated(read("pii-dev/generated_large.json"));
const isHeldOut = (example: { templateId: number }): boolean => example.templateId % 5 === 0;

const sets: Readonly<Record<string, readonly Example[]>> = {
  train: [
    ...readConll(read("ner/btc.train.conll")),
    ...readConll(read("ner/wnut17train.conll")),
    ...generated.filter((example) => !isHeldOut(example)),
  ],
  questions: readQuestions(read("chat/banking77.train.csv")).slice(0, 3000),
  synthetic: synthesize(24_000, readWordLists(), new Random(20_240_501)),
  tweets: readConll(read("ner/btc.dev.conll")),
  emerging: readConll(read("ner/emerging.dev.conll")),
  generated: generated.filter(isHeldOut),
};
for (const [set, examples] of Object.entries(sets)) {
  for (const example of examples) console.log(JSON.stringify({ set, ...tagged(example) }));
}

function tagged({ text, names }: Example): { words: string[]; tags: number[] } {
  const ordered = [...names].sort((a, b) => a.start - b.start);
  const words = wordsOf(text);
  let next = 0;
  return {
    words: words.map(({ start, end }) => text.slice(start, end)),
    tags: words.map(({ start, end }) => {
      while ((ordered[next]?.end ?? Infinity) <= start) next++;
      const name = ordered[next];
      if (name === undefined || name.start >= end) return 0;
      return beginTag(name.type) + (start <= name.start ? 0 : 1);
    }),
  };
}
