import { factsOf, featuresPerToken, fillFeatures, writingOf } from "../src/names/features.ts";
import type { Lexicon } from "../src/names/lexicon.ts";
import { bestTag } from "../src/names/perceptron.ts";
import { outside, tagCount } from "../src/names/tags.ts";
import { featureBits, featureKey } from "../src/names/weights.ts";
import type { Example } from "./corpus/example.ts";
import type { Random } from "./random.ts";
import { tagged, type TaggedText } from "./tagged.ts";

export interface Learned {
  /** Averaged weights: row = feature key, `tagCount` numbers a row. */
  readonly weights: Float32Array;
}

// The right tag must lead by this much, or the weights are changed: keeps rare features from deciding alone.
const margin = 4;

/** Averaged perceptron (Collins 2002) over greedy decoding: errors of the tags before are seen while learning. */
export function learn(examples: readonly Example[], lexicon: Lexicon, epochs: number, random: Random): Learned {
  const size = ((1 << featureBits) + 1) * tagCount;
  const weights = new Float32Array(size);
  const weighted = new Float32Array(size);
  const rows = new Uint32Array(featuresPerToken);
  const features = new Int32Array(featuresPerToken);
  const scores = new Float32Array(tagCount);
  let clock = 1;

  function scoreRows(): void {
    scores.fill(0);
    for (let at = 0; at < featuresPerToken; at++) {
      const row = featureKey(features[at] ?? 0) * tagCount;
      rows[at] = row;
      for (let tag = 0; tag < tagCount; tag++) scores[tag] = (scores[tag] ?? 0) + (weights[row + tag] ?? 0);
    }
  }

  function change(tag: number, by: number): void {
    for (let at = 0; at < featuresPerToken; at++) {
      const place = (rows[at] ?? 0) + tag;
      weights[place] = (weights[place] ?? 0) + by;
      weighted[place] = (weighted[place] ?? 0) + by * clock;
    }
  }

  function study(text: TaggedText): void {
    const masking = { words: random.chance(0.2), lists: random.chance(0.15), clusters: random.chance(0.1) };
    const facts = factsOf(text.tokens, lexicon, masking);
    const writing = writingOf(facts);
    let previous = outside;
    let beforePrevious = outside;
    for (let at = 0; at < text.tokens.length; at++) {
      fillFeatures(facts, at, writing, previous, beforePrevious, features);
      scoreRows();
      const gold = text.gold[at] ?? outside;
      const rival = strongestRival(scores, gold);
      if ((scores[gold] ?? 0) - (scores[rival] ?? 0) < margin) {
        change(gold, 1);
        change(rival, -1);
      }
      beforePrevious = previous;
      previous = bestTag(scores, previous);
      clock++;
    }
  }

  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const example of random.shuffle(examples)) study(tagged(rewritten(example, random)));
  }
  for (let place = 0; place < size; place++) weights[place] = (weights[place] ?? 0) - (weighted[place] ?? 0) / clock;
  return { weights };
}

function strongestRival(scores: Float32Array, gold: number): number {
  let rival = gold === 0 ? 1 : 0;
  for (let tag = 0; tag < tagCount; tag++) {
    if (tag !== gold && (scores[tag] ?? 0) > (scores[rival] ?? 0)) rival = tag;
  }
  return rival;
}

/** Sometimes in lower or upper case: many people write like that. Only where it keeps the offsets. */
function rewritten(example: Example, random: Random): Example {
  const draw = random.next();
  const text = draw < 0.25 ? example.text.toLowerCase() : draw < 0.3 ? example.text.toUpperCase() : example.text;
  return text.length === example.text.length ? { ...example, text } : example;
}
