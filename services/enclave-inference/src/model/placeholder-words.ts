/** Of other types the name itself will do: UK_NHS, US_PASSPORT. */
const wordsOfType: Readonly<Record<string, string>> = {
  PERSON: "name",
  EMAIL_ADDRESS: "email mail address",
  PHONE_NUMBER: "phone telephone mobile number",
  CREDIT_CARD: "credit debit card number",
  IBAN_CODE: "iban bank account number",
  US_SSN: "social security number ssn",
  IP_ADDRESS: "ip address",
  URL: "website link url",
  LOCATION: "address place city live",
  ORGANIZATION: "company organization employer",
  DATE_TIME: "date time day birthday",
  SECRET: "password secret key",
};

/**
 * The words in which people ask for what stands behind a text's placeholders ("what was my phone number?"), so that a
 * search finds the text although the value is hidden. Empty without placeholders.
 */
export function wordsForPlaceholders(text: string): string {
  const types = new Set<string>();
  for (const [, type] of text.matchAll(/\[([A-Z][A-Z_]*?)(?:_\d+(?:\.\d+)?)?\]/gu)) {
    if (type !== undefined) types.add(type);
  }
  return [...types].flatMap((type) => wordsOfType[type] ?? type.toLowerCase().replaceAll("_", " ")).join(" ");
}
