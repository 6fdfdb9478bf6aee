import {
  border,
  featuresPerToken,
  fillJoint,
  fillNeighbour,
  fillOwn,
  neighbours,
  ownFeatureCount,
  type TokenFacts,
} from "./features.ts";
import { tagCount } from "./tags.ts";
import type { Weights } from "./weights.ts";

/** A row for the word itself, one for each neighbour that it can be. */
const rowsPerToken = 1 + neighbours.length;

/**
 * Scores of the tags of one text's tokens. What a word says alone, here or as a neighbour, is added up once for all
 * places where it stands; texts repeat their words, and looking up features is most of the work.
 */
export class TokenScores {
  readonly #facts: readonly TokenFacts[];
  readonly #weights: Weights;
  readonly #writing: number;
  readonly #rows: Int32Array;
  readonly #isKnown: Uint8Array;
  readonly #features = new Int32Array(featuresPerToken);

  constructor(facts: readonly TokenFacts[], weights: Weights, writing: number) {
    const different = facts.reduce((most, { id }) => Math.max(most, id), 0) + 1;
    this.#facts = facts;
    this.#weights = weights;
    this.#writing = writing;
    this.#rows = new Int32Array(different * rowsPerToken * tagCount);
    this.#isKnown = new Uint8Array(different * rowsPerToken);
  }

  /** Fills `scores` with one number a tag: what the token at `at` and its neighbours say, each by itself. */
  fill(at: number, scores: Int32Array): void {
    scores.fill(0);
    this.#add(this.#facts[at] ?? border, 0, scores);
    for (let row = 1; row < rowsPerToken; row++) {
      this.#add(this.#facts[at + (neighbours[row - 1]?.offset ?? 0)] ?? border, row, scores);
    }
  }

  /** Adds what they say together, given the two tags before. */
  addJoint(at: number, previousTag: number, tagBefore: number, scores: Int32Array): void {
    fillJoint(this.#facts, at, this.#writing, previousTag, tagBefore, this.#features, 0);
    this.#weights.add(this.#features, jointFeatureCount, scores, 0);
  }

  #add(token: TokenFacts, row: number, scores: Int32Array): void {
    const place = token.id * rowsPerToken + row;
    if (this.#isKnown[place] === 0) this.#learn(token, row, place);
    const from = place * tagCount;
    for (let tag = 0; tag < tagCount; tag++) scores[tag] = (scores[tag] ?? 0) + (this.#rows[from + tag] ?? 0);
  }

  #learn(token: TokenFacts, row: number, place: number): void {
    this.#isKnown[place] = 1;
    const neighbour = neighbours[row - 1];
    if (neighbour === undefined) fillOwn(token, this.#writing, this.#features, 0);
    else fillNeighbour(token, this.#features, neighbour.from, neighbour.count, 0);
    this.#weights.add(this.#features, neighbour?.count ?? ownFeatureCount, this.#rows, place * tagCount);
  }
}

const jointFeatureCount = featuresPerToken - ownFeatureCount - neighbours.reduce((sum, { count }) => sum + count, 0);
