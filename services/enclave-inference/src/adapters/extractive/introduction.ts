const person = String.raw`(\[PERSON_\d+(?:\.\d+)?\])`;
const introductions = [
  new RegExp(
    String.raw`\b(?:my name is|my name's|name is|i am|i'm|this is|call me|it is|it's)\s+(?:\w+\s+)?${person}`,
    "iu",
  ),
  new RegExp(String.raw`^\s*${person}\s+(?:here|speaking)\b`, "iu"),
  new RegExp(String.raw`\b(?:regards|sincerely|cheers|thanks|thank you|best|yours),?\s*${person}\s*[.!]?\s*$`, "iu"),
];

/** The placeholder by which the writer of a text names themselves, or undefined: by it a reply may address them. */
export function introducedPerson(text: string): string | undefined {
  for (const introduction of introductions) {
    const placeholder = introduction.exec(text)?.[1];
    if (placeholder !== undefined) return placeholder;
  }
  return undefined;
}
