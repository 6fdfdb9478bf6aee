/**
 * How well and how fast personal data is found in texts that nothing was trained on.
 *   npx tsc -b libs/pii && node bench/redaction/score.ts [--misses]
 */
import { createDetector } from "@cloister/pii";
import { type Judged, score } from "./scoring.ts";
import { heldOutSets, numberSet } from "./sets.ts";

const showsMisses = process.argv.includes("--misses");
const detector = createDetector();
const percent = (rate: number): string => `${(rate * 100).toFixed(1)} %`;

detector.detect("The first text opens the names model.");
let texts = 0;
// Time of the processor, not of the clock: others may be at work on the same machine.
let microseconds = 0;
for (const [name, set] of heldOutSets()) {
  const before = process.cpuUsage();
  const judged: Judged[] = set.map(({ text, gold }) => ({ text, gold, found: detector.detect(text) }));
  const { user, system } = process.cpuUsage(before);
  microseconds += user + system;
  texts += set.length;
  print(name, judged);
  if (showsMisses) printMisses(judged);
}
const patterns = createDetector({ names: false });
const numbers = numberSet()?.map(({ text, gold }) => ({ text, gold, found: patterns.detect(text) }));
if (numbers !== undefined) print("generated, numbers and addresses alone (no names model)", numbers);
console.log(`\n${Math.round(texts / (microseconds / 1e6))} texts/s on one core, ${texts} texts`);

function print(name: string, judged: readonly Judged[]): void {
  const { types, f2, leakRate, falseAlarmRate } = score(judged);
  const summary = types.length === 0 ? "" : `F2 of all ${f2.toFixed(3)} · leaked ${percent(leakRate)} · `;
  const touched = judged.filter((text) => text.gold.length === 0 && text.found.length > 0).length;
  const negatives = judged.filter((text) => text.gold.length === 0).length;
  console.log(`\n## ${name}: ${judged.length} texts`);
  console.log(
    `${summary}false alarms ${percent(falseAlarmRate)} · ${touched} of ${negatives} texts without data touched`,
  );
  if (types.length === 0) return;
  console.log("\n| type | spans | precision | recall | F1 |\n|---|---|---|---|---|");
  for (const { type, gold, precision, recall, f1 } of types) {
    console.log(`| ${type} | ${gold} | ${precision.toFixed(3)} | ${recall.toFixed(3)} | ${f1.toFixed(3)} |`);
  }
}

/** The data sets are public or made up: their values may be printed. */
function printMisses(judged: readonly Judged[]): void {
  for (const { text, gold, found } of judged) {
    const show = (spans: Judged["gold"]): string =>
      spans.map(({ start, end, type }) => `${type}[${text.slice(start, end)}]`).join(" ");
    if (show(gold) !== show([...found])) console.log(JSON.stringify({ text, gold: show(gold), found: show(found) }));
  }
}
