import type { WordCluster, WordClusters } from "./word-clusters.ts";
import { hashText } from "./hash.ts";
import { probesOf, type WordSet } from "./word-set.ts";

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
const titleWords =
  "mr mrs ms miss mx dr prof professor sir dame lord lady herr frau madame monsieur mme mlle señor señora sr sra don doña signor signora rev hon judge captain capt sgt lt president king queen prince princess uncle aunt aunty";
const organizationWords =
  "inc ltd llc llp plc corp co gmbh ag sa srl sarl bv nv oy ab as kg pty group holdings bank university college school institute hospital clinic church museum council department ministry agency association society foundation committee commission party union club fc united company corporation partners associates industries systems solutions technologies labs studios records airlines airways hotel";
const streetWords =
  "street st road rd avenue ave lane ln drive dr boulevard blvd way court ct square sq place pl terrace parkway highway hwy route suite apt apartment unit floor box straße strasse str platz weg allee rue via viale calle avenida plaza rua straat laan gasse quai corner";
const dateWords =
  "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec";

/** Bits after those of the lists. */
const closedTraits: ReadonlyMap<string, number> = joined([titleWords, organizationWords, streetWords, dateWords]);

function joined(lists: readonly string[]): Map<string, number> {
  const traits = new Map<string, number>();
  for (const [at, words] of lists.entries()) {
    for (const word of words.split(" ")) traits.set(word, (traits.get(word) ?? 0) | (1 << (listNames.length + at)));
  }
  return traits;
}

export class Lexicon {
  readonly #lists: readonly WordSet[];
  readonly #clusters: WordClusters;

  constructor(lists: Readonly<Record<ListName, WordSet>>, clusters: WordClusters) {
    this.#lists = listNames.map((name) => lists[name]);
    this.#clusters = clusters;
  }

  /** `hash` is that of the word in lower case. */
  cluster(hash: number): WordCluster {
    return this.#clusters.of(hash);
  }

  /** Whether the word is somebody's given or family name. */
  isName(lower: string): boolean {
    const probes = probesOf(hashText(lower));
    return lower.length > 1 && this.#lists.slice(0, 2).some((list) => list.has(probes));
  }

  /** What the word can be, one bit a list. */
  traits(lower: string, hash = hashText(lower)): number {
    let traits = closedTraits.get(lower) ?? 0;
    if (lower.length > 1) {
      const probes = probesOf(hash);
      for (let at = 0; at < this.#lists.length; at++) if (this.#lists[at]?.has(probes) === true) traits |= 1 << at;
    }
    return traits;
  }
}
