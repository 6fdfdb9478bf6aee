import type { ModelPassage, ModelSource } from "../../model/model-runtime.ts";

const citation = /\s?\[(\d{1,3})\]/gu;

export interface Cited {
  /** The answer without its citation marks, which mean nothing without the prompt. */
  text: string;
  /** The documents of the passages it cites, each once, in order. */
  sources: ModelSource[];
}

/** Takes the marks `[n]` of a model's answer for the passages of its prompt. A number that none has stays as it is. */
export function resolveCitations(answer: string, passages: readonly ModelPassage[]): Cited {
  const sources = new Map<string, ModelSource>();
  const text = answer.replace(citation, (mark, number: string) => {
    const passage = passages[Number(number) - 1];
    if (passage === undefined) return mark;
    if (passage.source !== undefined) sources.set(passage.source.documentId, passage.source);
    return "";
  });
  return { text: text.trim(), sources: [...sources.values()] };
}
