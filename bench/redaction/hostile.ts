/**
 * Time of the processor for texts made to be slow, at one size and at twice of it: about twice the time is linear. "Found"
 * is what the detectors take; "in all" is redacting and searching for what is left besides, as for a message.
 *   npx tsc -b libs/pii && node bench/redaction/hostile.ts [KiB, 512 by default] [only texts with this in their name]
 */
import { createDetector, leakScan, PlaceholderMemory, redact } from "@cloister/pii";

const size = Number(process.argv[2] ?? 512) * 1024;
const only = process.argv[3] ?? "";
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
  "\u{1f600}",
  "\u{1d7d8}",
  "e\u0301",
  "e\u200b\u0301",
  "\u1112\u1161\u11ab",
  "\ufdfa",
  "J. ",
  "O'",
  "Maria-",
  "#Maria",
  "@Maria",
  "Maria, ",
  "Maria Gonzalez ",
  "Maria Gonzalez lives in Berlin, 12 Main Street. ",
  "maria@example.com, ",
  "4111 1111 1111 1111 ",
  "+49 30 901820, ",
  "GB29 NWBK 6016 1331 9268 19 ",
  "536-90-4399\n",
  "07.07.1977, ",
  "&#65;",
  "\\u0041",
  "=41=\n",
  "http://a.b/c?d=e&",
  "hxxp",
  "[.]",
  "a[.]",
  "a @ b . c ",
  "seven ",
  "oh ",
  "M A R I A ",
  "-----BEGIN ",
  "AKIA",
  "password ",
  "born in ",
  "1977-",
  "1:2:",
  "0x1f",
  "A1B2C3",
  "\t",
  "\r\n",
  "_",
  "\u0000",
];
/** Without repeats, so that nothing that was seen before helps. */
const random: readonly (readonly [name: string, signs: string])[] = [
  ["random words", "abcdefghijklmnopqrstuvwxyz    "],
  ["random names", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz         .,"],
  ["random signs", "!#$%&()*+,-./:;<=>?@[]^_{|}~ "],
  ["random digits", "0123456789 .-/"],
  ["random ASCII", " !#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~"],
  ["random letters and digits", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"],
  ["random codes", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -/"],
  ["random addresses", "abcdefghijklmnopqrstuvwxyz0123456789@@@@....  "],
  ["random initials", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.. '-"],
  ["random short words", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ                         "],
  ["random Cyrillic", "абвгдежзийклмнопрстуфхцчшщъыьэюя    "],
  ["random Cyrillic and Latin", "абвгдежзийклмнопрстуфхцчшщъыьэюяabcdefghijklmnopqrstuvwxyz1   "],
  [
    "random Chinese",
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从王李张刘陈 。，",
  ],
  ["random marks", "aeiou\u0301\u0308\u0327\u200b\u200d \u1112\u1161\u11ab"],
  ["random emoji", "\u{1f600}\u{1f601}\u{1f468}\u200d\u{1f469}\ufe0f\u{1d7d8}\u{1d7d9}a "],
  ["random letters of many scripts", "aé\u0436\u03b1\u05d0\u0627\u0915\u4e2d\u3042\uac00\u200b1 .@"],
];

const detector = createDetector();
const [one, two] = [`${size / 1024} KiB`, `${size / 512} KiB`];
console.log(
  `| text | found, ${one}, ms | ${two} | times | in all, ${one}, ms | ${two} | times |\n|---|---|---|---|---|---|---|`,
);
for (const unit of units) print(JSON.stringify(unit), unit.repeat(Math.ceil((2 * size) / Buffer.byteLength(unit))));
for (const [name, signs] of random) print(name, randomText(signs, 2 * size));

function print(name: string, text: string): void {
  if (!name.includes(only)) return;
  const once = timeOf(upToBytes(text, size));
  const twice = timeOf(upToBytes(text, 2 * size));
  const columns = (["found", "inAll"] as const).flatMap((what) => [
    once[what].toFixed(0),
    twice[what].toFixed(0),
    (twice[what] / once[what]).toFixed(1),
  ]);
  console.log(`| ${name} | ${columns.join(" | ")} |`);
}

/** As much of the text as that many bytes of UTF-8 hold. */
function upToBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
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
function timeOf(text: string): { found: number; inAll: number } {
  const start = process.cpuUsage();
  const spans = detector.detect(text);
  const found = process.cpuUsage(start).user / 1000;
  const redacted = redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs: 0 });
  leakScan(redacted.text, redacted.placeholders);
  return { found, inAll: process.cpuUsage(start).user / 1000 };
}
