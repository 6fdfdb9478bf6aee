/**
 * Other detectors beside ours, on the same texts in the same run. They answer as `cloister redact --jsonl` does.
 *   npx tsc -b libs/deep-names
 *   node bench/redaction/beside.ts texts > texts.jsonl
 *   python bench/redaction/presidio.py < texts.jsonl > presidio.jsonl
 *   node bench/redaction/beside.ts deep > deep.jsonl      # needs onnxruntime-node
 *   node bench/redaction/beside.ts score deep.jsonl presidio.jsonl
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { deepModelFolder, measureNamesModel, openTokenClassifier } from "@cloister/deep-names";
import { createDetector, normalize } from "@cloister/pii";
import { type Judged, type Marked, score } from "./scoring.ts";
import { type GoldText, heldOutSets } from "./sets.ts";

const mostTexts = 500;
const [command, ...files] = process.argv.slice(2);
const percent = (rate: number): string => `${(rate * 100).toFixed(1)} %`;

if (command === "texts") printTexts();
else if (command === "deep") await printDeepSpans();
else if (command === "score" && files.length > 0) printScores();
else throw new Error("say `texts`, `deep`, or `score` and files of spans");

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

/** What `depth: deep` finds, and the texts a second to standard error. */
async function printDeepSpans(): Promise<void> {
  const detector = createDetector();
  const classifier = await openTokenClassifier(await measureNamesModel(deepModelFolder));
  const never = new AbortController().signal;
  let texts = 0;
  let microseconds = 0;
  for (const [name, set] of samples()) {
    for (const [at, { text }] of set.entries()) {
      const before = process.cpuUsage();
      const spans = detector.detect(text, await classifier.find(normalize(text).text, never));
      const { user, system } = process.cpuUsage(before);
      microseconds += user + system;
      texts++;
      console.log(JSON.stringify({ id: `${name}/${at}`, spans }));
    }
  }
  console.error(`${(texts / (microseconds / 1e6)).toFixed(1)} texts/s`);
}

function printScores(): void {
  const detector = createDetector();
  const others = files.map((file) => ({ name: basename(file, ".jsonl"), spans: readSpans(file) }));
  for (const [name, set] of samples()) {
    const columns = [
      set.map(({ text, gold }): Judged => ({ text, gold, found: detector.detect(text) })),
      ...others.map(({ spans }) =>
        set.map(({ text, gold }, at): Judged => ({ text, gold, found: spans.get(`${name}/${at}`) ?? [] })),
      ),
    ];
    const scores = columns.map(score);
    const row = (label: string, cells: readonly string[]): void => console.log(`| ${[label, ...cells].join(" | ")} |`);
    console.log(`\n### ${name}: ${set.length} texts\n`);
    row("", ["ours", ...others.map((other) => other.name)]);
    console.log(`|${"---|".repeat(columns.length + 1)}`);
    for (const [at, { type, gold }] of (scores[0]?.types ?? []).entries()) {
      row(
        `${type} F1 (${gold})`,
        scores.map(({ types }) => (types[at]?.f1 ?? 0).toFixed(2)),
      );
    }
    if (scores[0]?.types.length !== 0) {
      row(
        "all, type ignored, F2",
        scores.map(({ f2 }) => f2.toFixed(2)),
      );
      row(
        "leaked",
        scores.map(({ leakRate }) => percent(leakRate)),
      );
    }
    row(
      "false alarms",
      scores.map(({ falseAlarmRate }) => percent(falseAlarmRate)),
    );
    row("texts without data touched", columns.map(touched));
  }
}

function touched(judged: readonly Judged[]): string {
  const plain = judged.filter(({ gold }) => gold.length === 0);
  return `${plain.filter(({ found }) => found.length > 0).length} of ${plain.length}`;
}
