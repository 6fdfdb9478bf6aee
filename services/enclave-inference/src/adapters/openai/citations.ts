import type { ModelPassage, ModelSource } from "../../model/model-runtime.ts";

const citation = /\s?\[(\d{1,3})\]/gu;
/** What the next piece may make a citation of. */
const begunCitation = /\s?(?:\[\d{0,3})?$/u;

/**
 * Takes the marks `[n]` out of a model's answer, which mean nothing without the prompt: n is a passage of it. A number
 * that no passage has stays as it is. The answer may come in pieces that cut a mark in two.
 */
export class CitationResolver {
  readonly #passages: readonly ModelPassage[];
  readonly #sources = new Map<string, ModelSource>();
  #held = "";

  constructor(passages: readonly ModelPassage[]) {
    this.#passages = passages;
  }

  /** The documents of the passages cited so far, each once, in order. */
  get sources(): ModelSource[] {
    return [...this.#sources.values()];
  }

  push(piece: string): string {
    const text = this.#held + piece;
    const end = begunCitation.exec(text)?.index ?? text.length;
    this.#held = text.slice(end);
    return this.#resolve(text.slice(0, end));
  }

  /** What is left when no more pieces come. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return this.#resolve(rest);
  }

  #resolve(text: string): string {
    return text.replace(citation, (mark, number: string) => {
      const passage = this.#passages[Number(number) - 1];
      if (passage === undefined) return mark;
      if (passage.source !== undefined) this.#sources.set(passage.source.documentId, passage.source);
      return "";
    });
  }
}
