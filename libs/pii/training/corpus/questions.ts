import type { Example } from "./example.ts";

/** Customers' questions (`text,category`), in which there are no names: those with a capital inside are left out. */
export function readQuestions(file: string): Example[] {
  return file
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.slice(0, line.lastIndexOf(",")).replace(/^"|"$/g, ""))
    .filter(
      (text) => text.length > 0 && !/[^.?!]\s\p{Lu}\p{Ll}/u.test(text) && !/\b(?:us|uk|eu|usa|europe)\b/i.test(text),
    )
    .map((text) => ({ text, names: [] }));
}
