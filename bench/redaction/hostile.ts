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
  "%41",
  "ab ",
  "a b c d e f g h i ",
  "bWFyaWE6MTIzNDU2Nzg5MA== ",
  "j0hn ",
  "\u96fb1",
];
/** Without repeats, so that nothing that was seen before helps. */
const random: readonly (readonly [name: string, signs: string])[] = [
  ["random words", "abcdefghijklmnopqrstuvwxyz    "],
  ["random names", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz         .,"],
  ["random signs", "!#$%&()*+,-./:;<=>?@[]^_{|}~ "],
  ["random digits", "0123456789 .-/"],
  ["random ASCII", " !#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~"],
  ["random letters of many scripts", "aé\u0436\u03b1\u05d0\u0627\u0915\u4e2d\u3042\uac00\u200b1 .@"],
];

const detector = createDetector();
console.log(`| text of | ${size / 1024} KiB, ms | ${size / 512} KiB, ms | times |\n|---|---|---|---|`);
for (const unit of units) print(JSON.stringify(unit), unit.repeat(Math.ceil((2 * size) / unit.length)));
for (const [name, signs] of random) print(name, randomText(signs, 2 * size));

function print(name: string, text: string): void {
  const once = timeOf(text.slice(0, size));
  const twice = timeOf(text.slice(0, 2 * size));
  console.log(`| ${name} | ${once.toFixed(0)} | ${twice.toFixed(0)} | ${(twice / once).toFixed(1)} |`);
}

/** By a linear congruence (Numerical Recipes), so that each run measures the same texts. */
function randomText(signs: string, length: number): string {
  const all = Array.from(signs);
  let state = 1;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += all[Math.floor((state / 4_294_967_296) * all.length)] ?? "";
  }
  return text;
}

/** Milliseconds of the processor. */
function timeOf(text: string): number {
  const before = process.cpuUsage();
  detector.detect(text);
  return process.cpuUsage(before).user / 1000;
}
