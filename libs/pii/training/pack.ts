import type { ListName } from "../src/names/lexicon.ts";
import { artefactVersion, type NamesArtefact, type WordClusterTable } from "../src/names/artefact.ts";
import { tagCount } from "../src/names/tags.ts";
import type { WordSet } from "../src/names/word-set.ts";
import type { Learned } from "./learn.ts";

/** Keeps the features that say most, as small numbers. */
export function pack(
  { weights }: Learned,
  lists: Readonly<Record<ListName, WordSet>>,
  clusters: WordClusterTable,
  mostFeatures: number,
  tuning: { readonly kindBias: NamesArtefact["kindBias"]; readonly marginScale: number },
): NamesArtefact {
  const strength = (row: number): number => {
    const own = weights.subarray(row * tagCount, (row + 1) * tagCount);
    return Math.max(...own) - Math.min(...own);
  };
  const ranked: { key: number; strength: number }[] = [];
  for (let key = 1; key < weights.length / tagCount; key++) {
    const own = strength(key);
    if (own > 0.2) ranked.push({ key, strength: own });
  }
  ranked.sort((a, b) => b.strength - a.strength);
  const kept = ranked.slice(0, mostFeatures).sort((a, b) => a.key - b.key);
  const scale =
    127 /
    percentile(
      kept.map((feature) => feature.strength),
      0.9995,
    );
  const keys = new Uint32Array(kept.map((feature) => feature.key));
  const rows = new Int8Array(kept.length * tagCount);
  for (const [index, { key }] of kept.entries()) {
    for (let tag = 0; tag < tagCount; tag++) {
      const weight = Math.round((weights[key * tagCount + tag] ?? 0) * scale);
      rows[index * tagCount + tag] = Math.max(-127, Math.min(127, weight));
    }
  }
  const filter = (name: ListName): string => base64(lists[name].bits);
  return {
    version: artefactVersion,
    kindBias: {
      PERSON: Math.round(tuning.kindBias.PERSON * scale),
      LOCATION: Math.round(tuning.kindBias.LOCATION * scale),
      ORGANIZATION: Math.round(tuning.kindBias.ORGANIZATION * scale),
    },
    marginScale: Math.round(tuning.marginScale * scale),
    lists: {
      givenName: filter("givenName"),
      familyName: filter("familyName"),
      place: filter("place"),
      placePart: filter("placePart"),
      common300: filter("common300"),
      common2000: filter("common2000"),
      common8000: filter("common8000"),
      common30000: filter("common30000"),
    },
    clusters,
    keys: base64(new Uint8Array(keys.buffer)),
    weights: base64(new Uint8Array(rows.buffer)),
  };
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 1;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
