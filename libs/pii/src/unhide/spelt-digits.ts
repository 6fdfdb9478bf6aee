import { windowsAround } from "../detectors/windows.ts";
import type { Reading } from "./rewrite.ts";

// English, German, French, Spanish, Italian, Dutch, Portuguese, Polish: each word's digit is its column.
const languages = [
  "zero one two three four five six seven eight nine",
  "null eins zwei drei vier fünf sechs sieben acht neun",
  "zéro un deux trois quatre cinq six sept huit neuf",
  "cero uno dos tres cuatro cinco seis siete ocho nueve",
  "zero uno due tre quattro cinque sei sette otto nove",
  "nul een twee drie vier vijf zes zeven acht negen",
  "zero um dois três quatro cinco seis sete oito nove",
  "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
];
const digitOf: ReadonlyMap<string, string> = new Map([
  ...languages.flatMap((words) => words.split(" ").map((word, digit) => [word, String(digit)] as const)),
  ["oh", "0"],
  ["o", "0"],
  ["nought", "0"],
  ["zwo", "2"],
]);
const signOf: ReadonlyMap<string, string> = new Map([
  ["dash", "-"],
  ["hyphen", "-"],
  ["minus", "-"],
  ["plus", "+"],
  ["dot", "."],
  ["space", " "],
]);
const repeats: ReadonlyMap<string, number> = new Map([
  ["double", 2],
  ["triple", 3],
]);

const someWord = new RegExp(
  `(?<!\\p{L})(?:${[...digitOf.keys()].filter((word) => word.length > 2).join("|")})(?!\\p{L})`,
  "giu",
);
/** Longer than a number that is read out with one of those words in it only at its end. */
const aroundWord = 96;
const words = /\p{L}+|\d{1,4}|[^\s\p{L}\d,.()-]|[\s,.()-]{4,}/gu;
const fewestWords = 3;
const fewestDigits = 5;

interface Digits extends Reading {
  readonly isSpelt: boolean;
}

/** Readings of digits that are written as words, five at least in a row: "four five, double six dash one". */
export function speltDigits(text: string): Reading[] {
  const places = Array.from(text.matchAll(someWord), ({ 0: { length }, index }) => ({
    start: index,
    end: index + length,
  }));
  return windowsAround(places, aroundWord, text.length).flatMap(({ start, end }) =>
    readDigits(text.slice(start, end)).map((reading) => ({
      ...reading,
      start: reading.start + start,
      end: reading.end + start,
    })),
  );
}

function readDigits(text: string): Reading[] {
  const found: Reading[] = [];
  let run: Digits[] = [];
  let repeat: { start: number; times: number } | undefined;
  const close = (): void => {
    for (const reading of readRun(run)) found.push(reading);
    run = [];
    repeat = undefined;
  };
  for (const { 0: written, index: start } of text.matchAll(words)) {
    const end = start + written.length;
    const lower = written.toLowerCase();
    const times = repeats.get(lower);
    const isSpelt = digitOf.has(lower);
    const digit = digitOf.get(lower) ?? (/^\d/.test(written) ? written : undefined);
    if (times !== undefined) repeat = { start, times };
    else if (digit !== undefined) {
      run.push({ start: repeat?.start ?? start, end, text: digit.repeat(repeat?.times ?? 1), isSpelt });
      repeat = undefined;
    } else if (signOf.has(lower) && repeat === undefined) {
      run.push({ start, end, text: signOf.get(lower) ?? "", isSpelt: false });
    } else close();
  }
  close();
  return found;
}

/** The run with what stands between its words read as nothing, if it is long enough to be a number read out. */
function readRun(run: readonly Digits[]): Reading[] {
  const isSign = (reading: Digits | undefined): boolean => reading !== undefined && /^[-. ]$/.test(reading.text);
  let last = run.length;
  while (last > 0 && isSign(run[last - 1])) last--;
  let first = 0;
  while (first < last && isSign(run[first])) first++;
  const kept = run.slice(first, last);
  const spelt = kept.filter((reading) => reading.isSpelt);
  const digits = kept.reduce((sum, reading) => sum + reading.text.replace(/\D/g, "").length, 0);
  if (spelt.length < fewestWords || digits < fewestDigits) return [];
  return kept.flatMap((reading, index) => {
    const next = kept[index + 1];
    return next === undefined ? [reading] : [reading, { start: reading.end, end: next.start, text: "" }];
  });
}
