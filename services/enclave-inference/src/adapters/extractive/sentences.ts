const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** The sentences of a text that say something, in order: their words as they stand, without Markdown's furniture. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const { segment } of segmenter.segment(text)) {
    const sentence = withoutFurniture(segment);
    if (/[\p{L}\p{N}]/u.test(sentence)) sentences.push(sentence);
  }
  return sentences;
}

/** A table's cells stand apart by commas; its borders, its padding and a heading's marks go. */
function withoutFurniture(segment: string): string {
  return segment
    .replace(/\s+/gu, " ")
    .replace(/^[\s|#>]+|[\s|]+$/gu, "")
    .replace(/ ?\|[ |:-]*/gu, ", ")
    .trim();
}
