const placeholder = /\[([A-Z][A-Z_]*?)(?:_\d+(?:\.\d+)?)?\]/gu;
const word = /[a-z]+(?:'[a-z]+)*|\d+/gu;
const ascii = /^[\u0000-\u007f]*$/u;

/**
 * The words of a text as the word vectors know them: lower case, without diacritics, in order. A placeholder gives the
 * words of its kind: `[PHONE_NUMBER_1]` is "phone number". Other scripts than Latin give none.
 */
export function wordsOfText(text: string): string[] {
  const spoken = text.replace(placeholder, (_, type: string) => ` ${type.replaceAll("_", " ")} `).replaceAll("’", "'");
  const plain = ascii.test(spoken) ? spoken : spoken.normalize("NFKD").replace(/\p{Mn}/gu, "");
  return plain.toLowerCase().match(word) ?? [];
}
