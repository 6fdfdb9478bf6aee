/** Of the frame around the words, and of signs. */
export const noShape = 0;

/**
 * How a word is written, for a model that reads everything in small letters: 1 small letters, 2 Capital first,
 * 3 CAPITALS, 4 miXed, 5 a number, 0 none of these. The same as in the training (libs/pii/training/deep/texts.py).
 */
export function wordShape(word: string): number {
  const lower = word.toLowerCase();
  const upper = word.toUpperCase();
  if (lower === upper) return /^\p{N}/u.test(word) ? 5 : noShape;
  if (word === lower) return 1;
  const letters = Array.from(word);
  if (word === upper) return letters.length === 1 ? 2 : 3;
  return letters.slice(1).join("") === Array.from(lower).slice(1).join("") ? 2 : 4;
}
