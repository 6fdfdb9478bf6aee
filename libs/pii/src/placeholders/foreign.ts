import { placeholderPattern } from "./grammar.ts";

/**
 * Takes the numbers from placeholders of another conversation (a knowledge base, an exported chat): `[PERSON_3]`
 * becomes `[PERSON]`, which says what stood there and can never be restored to a person of this conversation.
 */
export function rewriteForeignPlaceholders(text: string): string {
  return text.replace(placeholderPattern, (_placeholder, type: string) => `[${type}]`);
}
