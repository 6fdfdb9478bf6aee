/**
 * Another detector beside ours, on the same texts in the same run. It answers as `cloister redact --jsonl` does.
 *   npx tsc -b libs/pii
 *   node bench/redaction/beside.ts texts > texts.jsonl
 *   python bench/redaction/presidio.py < texts.jsonl > spans.jsonl
 *   node bench/redaction/beside.ts score spans.jsonl
 */
import { readFileSync } from "node:fs";
import { createDetector } from "@cloister/pii";
import { type Judged, type Marked, score } from "./scoring.ts";
import { type GoldText, heldOutSets } from "./sets.ts";

const mostTexts = 500;
const [command, file] = process.argv.slice(2);
const percent = (rate: number): string => `${(rate * 100).toFixed(1)} %`;

if (command === "texts") printTexts();
else if (command === "score" && file !== undefined) printScores(readSpans(file));
else throw new Error("say `texts`, or `score` and a file of spans");

/** Equally spaced texts of each set, so that a slow detector is done in minutes. */
function samples(): [string, GoldText[]][] {
  return [...heldOutSets()].map(([name, set]) => {
    const step = Math.max(1, Math.floor(set.length / mostTexts));
    return [name, set.filter((_text, at) => at % step === 0).slice(0, mostTexts)];
  });
}

function printTexts(): void {
  for (const [name, set] of samples()) {
    for (const [at, { text }] of set.entries()) console.log(JSON.stringify({ id: `${name}/${at}`, text }));
  }
}

function readSpans(path: string): ReadonlyMap<string, Marked[]> {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return new Map(
    lines.map((line) => {
      const { id, spans } = JSON.parse(line) as { id: string; spans: Marked[] };
      return [id, spans];
    }),
  );
}

function printScores(others: ReadonlyMap<string, Marked[]>): void {
  const detector = createDetector();
  for (const [name, set] of samples()) {
    const ours = set.map(({ text, gold }): Judged => ({ text, gold, found: detector.detect(text) }));
    const theirs = set.map(({ text, gold }, at): Judged => ({ text, gold, found: others.get(`${name}/${at}`) ?? [] }));
    const [own, other] = [score(ours), score(theirs)];
    console.log(`\n### ${name}: ${set.length} texts\n\n| | ours | other |\n|---|---|---|`);
    for (const { type, gold, f1 } of own.types) {
      const f1Other = other.types.find((found) => found.type === type)?.f1 ?? 0;
      console.log(`| ${type} F1 (${gold}) | ${f1.toFixed(2)} | ${f1Other.toFixed(2)} |`);
    }
    if (own.types.length > 0) {
      console.log(`| all, type ignored, F2 | ${own.f2.toFixed(2)} | ${other.f2.toFixed(2)} |`);
      console.log(`| leaked | ${percent(own.leakRate)} | ${percent(other.leakRate)} |`);
    }
    console.log(`| false alarms | ${percent(own.falseAlarmRate)} | ${percent(other.falseAlarmRate)} |`);
    console.log(`| texts without data touched | ${touched(ours)} | ${touched(theirs)} |`);
  }
}

function touched(judged: readonly Judged[]): string {
  const plain = judged.filter(({ gold }) => gold.length === 0);
  return `${plain.filter(({ found }) => found.length > 0).length} of ${plain.length}`;
}
