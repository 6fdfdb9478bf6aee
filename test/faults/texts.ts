import { randomBytes, randomInt } from "node:crypto";

/** What a person types in a row, and what of it must be found nowhere but with its readers. */
export interface TypedText {
  readonly text: string;
  /** By this name the reply addresses its reader. */
  readonly name: string;
  readonly canaries: readonly string[];
}

const firstNames = [
  ...["Marisol", "Benedikt", "Ingrid", "Tobias", "Amelia", "Rafael", "Yvonne", "Dmitri", "Leonora", "Matthew"],
  ...["Camille", "Gustavo", "Henrietta", "Joaquin", "Katarina", "Nathaniel"],
];
const lastNames = [
  ...["Quintanilla", "Lindqvist", "Okonkwo", "Fairweather", "Castellanos", "Vandenberg", "Hollingsworth", "Moreau"],
  ...["Petrovich", "Ashworth", "Delacroix", "Fitzgerald", "Montgomery"],
];

/** The message at that place of its conversation: no two of a conversation have one name. */
export function typedText(position: number): TypedText {
  const first = firstNames[position % firstNames.length] ?? "";
  const last = lastNames[randomInt(lastNames.length)] ?? "";
  const name = `${first} ${last}`;
  // One that a redactor replaces, and one that it leaves where it stands.
  const email = `${randomWord(10)}@${randomWord(8)}.example`;
  const word = randomWord(16);
  const text = `Hello, I am ${name}. Write to ${email} about the parcel ${word}.`;
  return { text, name, canaries: [email, word] };
}

const letters = "abcdefghijkmnopqrstuvwxyz";

/** Random letters: nothing else in a system says the same by chance. */
export function randomWord(length: number): string {
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length] ?? "").join("");
}
