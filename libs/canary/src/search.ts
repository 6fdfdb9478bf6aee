import { NeedleMatcher } from "./matcher.ts";
import { needlesOf } from "./needle.ts";

/** A place in which an operator could look: a table, a file, a log. `chunks` are searched one by one. */
export interface SearchedPlace {
  readonly place: string;
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface Finding {
  readonly place: string;
  readonly value: string;
  readonly encoding: string;
}

export interface SearchReport {
  readonly findings: readonly Finding[];
  readonly values: number;
  readonly places: number;
  readonly bytes: number;
}

/** Looks for every value, in every encoding, in every place. Reports a value once for each place and encoding. */
export async function searchForValues(
  values: Iterable<string>,
  places: AsyncIterable<SearchedPlace> | Iterable<SearchedPlace>,
): Promise<SearchReport> {
  const distinctValues = new Set(values);
  const matcher = new NeedleMatcher([...distinctValues].flatMap(needlesOf));
  const findings = new Map<string, Finding>();
  let placeCount = 0;
  let byteCount = 0;
  for await (const { place, chunks } of places) {
    placeCount += 1;
    for await (const chunk of chunks) {
      byteCount += chunk.length;
      for (const { needle } of matcher.find(chunk)) {
        const finding = { place, value: needle.value, encoding: needle.encoding };
        findings.set(JSON.stringify(finding), finding);
      }
    }
  }
  return { findings: [...findings.values()], values: distinctValues.size, places: placeCount, bytes: byteCount };
}
