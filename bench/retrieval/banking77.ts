import { existsSync, readFileSync } from "node:fs";

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

export interface Split {
  /** What is searched. */
  readonly known: readonly LabelledText[];
  /** What is asked. */
  readonly asked: readonly LabelledText[];
}

const file = new URL("../../../shared/data/chat/banking77.train.csv", import.meta.url);

/** Of every five questions one is asked, the others are known. Undefined, with a line that says so, without the data. */
export function banking77(): Split | undefined {
  if (!existsSync(file)) {
    console.log("banking77 is not there: the figures on it are left out.");
    return undefined;
  }
  const all = rowsOf(readFileSync(file, "utf8")).slice(1);
  const labelled = all.map(([text = "", label = ""]) => ({ text: text.trim(), label }));
  // The file is sorted by intent, so every fifth is a fair share of each.
  return {
    known: labelled.filter((_, n) => n % 5 !== 0),
    asked: labelled.filter((_, n) => n % 5 === 0),
  };
}

/** RFC 4180. */
function rowsOf(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gu)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === ",") continue;
    if (row.some((field) => field !== "")) rows.push(row);
    row = [];
  }
  return rows;
}
