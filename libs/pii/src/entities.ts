/** The kinds of personal data that can be found, named as Presidio names them where it has a name. */
export const entityTypes = [
  "PERSON",
  "EMAIL_ADDRESS",
  "PHONE_NUMBER",
  "CREDIT_CARD",
  "IBAN_CODE",
  "US_SSN",
  "IP_ADDRESS",
  "URL",
  "LOCATION",
  "ORGANIZATION",
  "DATE_TIME",
  "SECRET",
] as const;

export type EntityType = (typeof entityTypes)[number];

const known: ReadonlySet<string> = new Set(entityTypes);

export function isEntityType(name: string): name is EntityType {
  return known.has(name);
}
