/**
 * How a placeholder is written: `[PERSON_1]`, and `[PERSON_1.2]` for the second way in which the same person was
 * written. Types are upper case letters and underscores, numbers have no leading zero.
 */
export interface PlaceholderParts {
  readonly type: string;
  /** Which person, card, address …: counts up in a conversation, never used again. */
  readonly subject: number;
  /** Which spelling of it: 1 is the first, written without a suffix. */
  readonly variant: number;
}

/** Matches each placeholder of a text; groups: type, subject, variant. */
export const placeholderPattern = /\[([A-Z][A-Z_]{0,39})_([1-9]\d{0,8})(?:\.([1-9]\d{0,8}))?\]/g;
const whole = new RegExp(`^${placeholderPattern.source}$`);

/** No placeholder is longer: bracket, type, underscore, two numbers, dot, bracket. */
export const longestPlaceholder = 62;

export function formatPlaceholder({ type, subject, variant }: PlaceholderParts): string {
  return variant === 1 ? `[${type}_${subject}]` : `[${type}_${subject}.${variant}]`;
}

/** The parts of a placeholder, or undefined where the text is not exactly one. */
export function parsePlaceholder(text: string): PlaceholderParts | undefined {
  const match = whole.exec(text);
  const type = match?.[1];
  if (match === null || type === undefined) return undefined;
  return { type, subject: Number(match[2]), variant: match[3] === undefined ? 1 : Number(match[3]) };
}

/** Whether the text could still grow into a placeholder: used to hold back the end of a chunk. */
export function isPlaceholderPrefix(text: string): boolean {
  return (
    text.length < longestPlaceholder && /^\[(?:[A-Z][A-Z_]{0,40}(?:[1-9]\d{0,8}(?:\.(?:[1-9]\d{0,8})?)?)?)?$/.test(text)
  );
}
