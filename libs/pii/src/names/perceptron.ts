import type { ExplainedSpan } from "../span.ts";
import { factsOf, type TokenFacts, writingOf } from "./features.ts";
import type { Lexicon } from "./lexicon.ts";
import type { NameFinder } from "./name-finder.ts";
import { withNamesByContext } from "./names-by-context.ts";
import { refineNames } from "./refine.ts";
import { isInside, kindOfTag, mayFollow, outside, tagCount } from "./tags.ts";
import { TokenScores } from "./token-scores.ts";
import { type Stretch, stretches } from "./stretches.ts";
import { type Token, tokenize } from "./tokenize.ts";
import type { Weights } from "./weights.ts";

export interface PerceptronModel {
  readonly lexicon: Lexicon;
  readonly weights: Weights;
  /** Added to the scores of each kind's tags before they are compared, in the order of the kinds in tags.ts. */
  readonly kindBias: readonly number[];
  /** A lead of this much over "outside" is a score of 0.82 (1 - e^-1 of the way from 0.5 to 1). */
  readonly marginScale: number;
}

/**
 * A word that by itself, and by each neighbour by itself, is this far from a name begins none, whatever they say
 * together: it was made up for at one in a thousand beginnings of names, in the texts of the training and others.
 */
const mostToMakeUpFor = 1.8;

/** Tags words from left to right by an averaged perceptron (Collins 2002) and joins them to names. */
export function createPerceptron(model: PerceptronModel): NameFinder {
  return {
    find: (text) =>
      refineNames(
        text,
        [...stretches(text)].flatMap((stretch) => namesIn(stretch, model)),
      ),
    knowsName: (lower) => model.lexicon.isName(lower),
  };
}

function namesIn({ text, start, from, to }: Stretch, model: PerceptronModel): ExplainedSpan[] {
  const tokens = tokenize(text);
  return withNamesByContext(tokens, model.lexicon, spansOf(tokens, model))
    .map((span) => ({ ...span, start: span.start + start, end: span.end + start }))
    .filter((span) => span.start >= from && span.start < to);
}

interface OpenSpan {
  readonly first: Token;
  last: Token;
  readonly tag: number;
  lead: number;
}

function spansOf(tokens: readonly Token[], model: PerceptronModel): ExplainedSpan[] {
  const facts = factsOf(tokens, model.lexicon);
  const tokenScores = new TokenScores(facts, model.weights, writingOf(facts));
  const hopeless = -mostToMakeUpFor * model.marginScale;
  const scores = new Int32Array(tagCount);
  const spans: ExplainedSpan[] = [];
  let open: OpenSpan | undefined;
  let previous = outside;
  let beforePrevious = outside;
  for (const [at, token] of tokens.entries()) {
    // No name begins with a sign. Numbers and single letters among themselves are none; some texts are nothing else.
    if (previous === outside && (facts[at]?.isSign === true || !hasWordNear(facts, at))) {
      beforePrevious = previous;
      continue;
    }
    tokenScores.fill(at, scores);
    for (let tag = 1; tag < tagCount; tag++) scores[tag] = (scores[tag] ?? 0) + (model.kindBias[(tag - 1) >> 1] ?? 0);
    if (previous === outside && leadOfNames(scores) < hopeless) {
      beforePrevious = previous;
      continue;
    }
    tokenScores.addJoint(at, previous, beforePrevious, scores);
    const tag = bestTag(scores, previous);
    const lead = (scores[tag] ?? 0) - (scores[outside] ?? 0);
    if (open !== undefined && isInside(tag)) {
      open.last = token;
      open.lead = Math.max(open.lead, lead);
    } else {
      if (open !== undefined) spans.push(closed(open, model));
      open = tag === outside ? undefined : { first: token, last: token, tag, lead };
    }
    beforePrevious = previous;
    previous = tag;
  }
  if (open !== undefined) spans.push(closed(open, model));
  return spans;
}

/** Of the tags that a name begins with, over "outside". */
function leadOfNames(scores: Int32Array): number {
  let highest = scores[1] ?? 0;
  for (let begin = 3; begin < tagCount; begin += 2) highest = Math.max(highest, scores[begin] ?? 0);
  return highest - (scores[outside] ?? 0);
}

function hasWordNear(facts: readonly TokenFacts[], at: number): boolean {
  for (let near = at - 2; near <= at + 2; near++) if (facts[near]?.isWord === true) return true;
  return false;
}

export function bestTag(scores: ArrayLike<number>, previous: number): number {
  let best = outside;
  for (let tag = 1; tag < tagCount; tag++) {
    if ((scores[tag] ?? 0) > (scores[best] ?? 0) && mayFollow(tag, previous)) best = tag;
  }
  return best;
}

function closed(open: OpenSpan, model: PerceptronModel): ExplainedSpan {
  const score = 1 - 0.5 * Math.exp(-open.lead / model.marginScale);
  return {
    start: open.first.start,
    end: open.last.end,
    type: kindOfTag(open.tag) ?? "PERSON",
    score: Math.round(Math.min(score, 0.9) * 1000) / 1000,
    detector: "names-perceptron",
    evidence: "names model",
  };
}
