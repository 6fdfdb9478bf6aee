/** Swaps two neighbouring letters, or drops one, in the longest word of a text: the same text always the same way. */
export function withTypingError(text: string): string {
  const words = text.match(/[a-z]{4,}/giu) ?? [];
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), "");
  if (longest === "") return text;
  const at = 1 + (text.length % (longest.length - 2));
  const isSwap = text.length % 2 === 0;
  const swapped = longest.slice(0, at) + longest.charAt(at + 1) + longest.charAt(at) + longest.slice(at + 2);
  return text.replace(longest, isSwap ? swapped : longest.slice(0, at) + longest.slice(at + 1));
}
