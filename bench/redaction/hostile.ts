/**
 * Time for texts made to be slow, at one size and at twice of it: about twice the time is linear.
 *   npx tsc -b libs/pii && node bench/redaction/hostile.ts [KiB, 512 by default]
 */
import { createDetector } from "@cloister/pii";

const size = Number(process.argv[2] ?? 512) * 1024;
const units: readonly string[] = [
  "1",
  "1 ",
  "1-",
  "1.",
  "1\n",
  "4111 ",
  "one ",
  "double ",
  "at ",
  "dot ",
  "x at y dot com ",
  "a@",
  "a@b.com ",
  "k ",
  "l1",
  "mrn ",
  "account number ",
  "passport no id is ",
  "user: ",
  "token=",
  "ab1234567 ",
  "A1-",
  "(",
  ".",
  "a.",
  "::",
  "://",
  "eyJ",
  "\u0430a",
  "\u00e91 ",
  "Maria ",
  "\u200b",
];

const detector = createDetector();
console.log(`| text of | ${size / 1024} KiB, ms | ${size / 512} KiB, ms | times |\n|---|---|---|---|`);
for (const unit of units) {
  const text = unit.repeat(Math.ceil((2 * size) / unit.length));
  const once = timeOf(text.slice(0, size));
  const twice = timeOf(text.slice(0, 2 * size));
  console.log(`| ${JSON.stringify(unit)} | ${once.toFixed(0)} | ${twice.toFixed(0)} | ${(twice / once).toFixed(1)} |`);
}

/** Milliseconds of the processor. */
function timeOf(text: string): number {
  const before = process.cpuUsage();
  detector.detect(text);
  return process.cpuUsage(before).user / 1000;
}
