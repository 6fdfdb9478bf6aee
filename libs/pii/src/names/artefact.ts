import { PiiError } from "../errors.ts";
import { Lexicon } from "./lexicon.ts";
import type { PerceptronModel } from "./perceptron.ts";
import { tagCount } from "./tags.ts";
import { WordClusters } from "./word-clusters.ts";
import { WordSet } from "./word-set.ts";
import { Weights } from "./weights.ts";

export interface WordClusterTable {
  readonly keys: string;
  readonly clusters: string;
  readonly coarse: string;
}

/** The trained model as it is stored: numbers little-endian in base64. */
export interface NamesArtefact {
  /** Raised when features or tags change, so that weights are never read with features they were not made for. */
  readonly version: number;
  readonly kindBias: { readonly PERSON: number; readonly LOCATION: number; readonly ORGANIZATION: number };
  readonly marginScale: number;
  /** The Bloom filters of `listNames`. */
  readonly lists: {
    readonly givenName: string;
    readonly familyName: string;
    readonly place: string;
    readonly placePart: string;
    readonly common300: string;
    readonly common2000: string;
    readonly common8000: string;
    readonly common30000: string;
  };
  /** Keys of words (int32), the narrow group of each (uint16), the wide group of each narrow one (uint8). */
  readonly clusters: WordClusterTable;
  /** Keys of features, uint32, and their rows of int8 weights, one for each tag. */
  readonly keys: string;
  readonly weights: string;
}

export const artefactVersion = 2;

/** Throws BAD_MODEL where the artefact is of another version or its parts do not fit together. */
export function openArtefact(artefact: NamesArtefact): PerceptronModel {
  const keyBytes = fromBase64(artefact.keys);
  const weights = new Int8Array(fromBase64(artefact.weights).buffer);
  if (artefact.version !== artefactVersion || keyBytes.length * tagCount !== weights.length * 4) {
    throw new PiiError("BAD_MODEL", "the names model was trained for another version; run the training script again");
  }
  const view = new DataView(keyBytes.buffer);
  const keys = new Uint32Array(keyBytes.length / 4);
  for (let at = 0; at < keys.length; at++) keys[at] = view.getUint32(at * 4, true);
  if (keys.some((key, index) => key <= (keys[index - 1] ?? 0))) {
    throw new PiiError("BAD_MODEL", "the features of the names model are out of order; run the training script again");
  }
  const list = (words: string): WordSet => new WordSet(fromBase64(words));
  return {
    kindBias: [artefact.kindBias.PERSON, artefact.kindBias.LOCATION, artefact.kindBias.ORGANIZATION],
    marginScale: artefact.marginScale,
    weights: new Weights(keys, weights),
    lexicon: new Lexicon(
      {
        givenName: list(artefact.lists.givenName),
        familyName: list(artefact.lists.familyName),
        place: list(artefact.lists.place),
        placePart: list(artefact.lists.placePart),
        common300: list(artefact.lists.common300),
        common2000: list(artefact.lists.common2000),
        common8000: list(artefact.lists.common8000),
        common30000: list(artefact.lists.common30000),
      },
      openClusters(artefact.clusters),
    ),
  };
}

export function openClusters({ keys, clusters, coarse }: WordClusterTable): WordClusters {
  const ofKeys = new DataView(fromBase64(keys).buffer);
  const ofClusters = new DataView(fromBase64(clusters).buffer);
  return new WordClusters(
    Int32Array.from({ length: ofKeys.byteLength / 4 }, (_, at) => ofKeys.getInt32(at * 4, true)),
    Uint16Array.from({ length: ofClusters.byteLength / 2 }, (_, at) => ofClusters.getUint16(at * 2, true)),
    fromBase64(coarse),
  );
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
