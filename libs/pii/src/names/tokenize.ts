/** A word, a number or a single sign, with its place in the text. */
export interface Token {
  readonly text: string;
  readonly lower: string;
  readonly start: number;
  readonly end: number;
  /** Whether a line ends between the token before and this one. */
  readonly startsLine: boolean;
}

// Initials keep their full stop ("J."), so do abbreviations of single letters ("U.S."); 's and 'm stand apart.
const tokenPattern = /(?:\p{Lu}\.){1,8}(?!\p{L})|[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]/gu;

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let previousEnd = 0;
  for (const match of text.matchAll(tokenPattern)) {
    const [word] = match;
    const start = match.index;
    tokens.push({
      text: word,
      lower: word.toLowerCase(),
      start,
      end: start + word.length,
      startsLine: tokens.length === 0 || hasLineEnd(text, previousEnd, start),
    });
    previousEnd = start + word.length;
  }
  return tokens;
}

function hasLineEnd(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) === 0x0a) return true;
  return false;
}
