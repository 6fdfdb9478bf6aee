import type { RedactedText } from "@cloister/keyring/consuming";
import { quantized, splitPassages, type TextEmbedder } from "@cloister/retrieval";

/** A piece of a text with what finds it. */
export interface EmbeddedPassage {
  readonly text: string;
  /** As `quantized` makes it; absent where the model knows none of its words. */
  readonly vector?: Int8Array;
}

/** Cuts a text into passages, and embeds each with the title of the document that it is of. */
export async function embedPassages(
  { text, document }: Pick<RedactedText, "text" | "document">,
  embedder: TextEmbedder,
): Promise<EmbeddedPassage[]> {
  const texts = splitPassages(text);
  const title = document?.title ?? "";
  const vectors = await embedder.embed(texts.map((passage) => (title === "" ? passage : `${title}\n${passage}`)));
  return texts.map((passage, number) => {
    const vector = vectors[number];
    const isKnown = vector?.some((value) => value !== 0) === true;
    return { text: passage, ...(isKnown && { vector: quantized(vector) }) };
  });
}
