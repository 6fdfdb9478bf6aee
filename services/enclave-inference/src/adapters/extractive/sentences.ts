const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** The sentences of a text that say something, trimmed, in order. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const { segment } of segmenter.segment(text)) {
    const sentence = segment.trim();
    if (/[\p{L}\p{N}]/u.test(sentence)) sentences.push(sentence);
  }
  return sentences;
}
