import type { WordCluster, WordClusters } from "./word-clusters.ts";
import { wordHash, type WordSet } from "./word-set.ts";

/** The lists that tell the model what a word can be. The order is that of the bits in `traits`. */
export const listNames = [
  "givenName",
  "familyName",
  "place",
  "placePart",
  "common300",
  "common2000",
  "common8000",
  "common30000",
] as const;

export type ListName = (typeof listNames)[number];

// Small closed lists live in the code: they are knowledge of the language, not data.
const titleWords = new Set(
  "mr mrs ms miss mx dr prof professor sir dame lord lady herr frau madame monsieur mme mlle señor señora sr sra don doña signor signora rev hon judge captain capt sgt lt president king queen prince princess uncle aunt aunty".split(
    " ",
  ),
);
const organizationWords = new Set(
  "inc ltd llc llp plc corp co gmbh ag sa srl sarl bv nv oy ab as kg pty group holdings bank university college school institute hospital clinic church museum council department ministry agency association society foundation committee commission party union club fc united company corporation partners associates industries systems solutions technologies labs studios records airlines airways hotel".split(
    " ",
  ),
);
const streetWords = new Set(
  "street st road rd avenue ave lane ln drive dr boulevard blvd way court ct square sq place pl terrace parkway highway hwy route suite apt apartment unit floor box straße strasse str platz weg allee rue via viale calle avenida plaza rua straat laan gasse quai corner".split(
    " ",
  ),
);
const dateWords = new Set(
  "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec".split(
    " ",
  ),
);

export class Lexicon {
  readonly #lists: readonly WordSet[];
  readonly #clusters: WordClusters;

  constructor(lists: Readonly<Record<ListName, WordSet>>, clusters: WordClusters) {
    this.#lists = listNames.map((name) => lists[name]);
    this.#clusters = clusters;
  }

  cluster(lower: string): WordCluster {
    return this.#clusters.of(lower);
  }

  /** Whether the word is somebody's given or family name. */
  isName(lower: string): boolean {
    return (this.traits(lower) & 0b11) !== 0;
  }

  /** What the word can be, one bit a list. */
  traits(lower: string): number {
    let traits = 0;
    if (lower.length > 1) {
      const hash = wordHash(lower);
      for (let at = 0; at < this.#lists.length; at++) if (this.#lists[at]?.has(hash) === true) traits |= 1 << at;
    }
    if (titleWords.has(lower)) traits |= 1 << 8;
    if (organizationWords.has(lower)) traits |= 1 << 9;
    if (streetWords.has(lower)) traits |= 1 << 10;
    if (dateWords.has(lower)) traits |= 1 << 11;
    return traits;
  }
}
