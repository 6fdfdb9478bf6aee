import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readConll } from "./conll.ts";
import { disguisedCases, hardCases, plainCases } from "./hard-cases.ts";
import type { Marked } from "./scoring.ts";

export interface GoldText {
  readonly text: string;
  readonly gold: readonly Marked[];
}

const data = new URL("../../../shared/data/", import.meta.url);

/** What the generated set calls otherwise than we do; titles ("Dr.", "Mrs.") are nobody's data. */
const renamed: Readonly<Record<string, string>> = { ADDRESS: "LOCATION", DOMAIN_NAME: "URL" };
const ignored = new Set(["TITLE", "PREFIX"]);

interface GeneratedText {
  readonly full_text: string;
  readonly template_id: number;
  readonly spans: readonly { entity_type: string; start_position: number; end_position: number }[];
}

/** Kinds that patterns find, nothing of which is trained: all the templates may be asked. */
const numberTypes = new Set(
  "CREDIT_CARD DATE_TIME EMAIL_ADDRESS IBAN_CODE IP_ADDRESS PHONE_NUMBER URL US_DRIVER_LICENSE US_SSN".split(" "),
);

/** All generated texts, with gold spans of numbers and addresses on the net only; undefined where they are absent. */
export function numberSet(): readonly GoldText[] | undefined {
  if (!existsSync(fileURLToPath(data))) return undefined;
  return generated(() => true).map(({ text, gold }) => ({
    text,
    gold: gold.filter(({ type }) => numberTypes.has(type)),
  }));
}

/** The texts that the names model was not trained on, by name. Sets that are not on this machine are left out. */
export function heldOutSets(): ReadonlyMap<string, readonly GoldText[]> {
  const sets = new Map<string, readonly GoldText[]>([
    ["hard cases", hardCases],
    ["disguised values", disguisedCases],
    ["plain texts that look personal", plainCases.map((text) => ({ text, gold: [] }))],
  ]);
  if (!existsSync(fileURLToPath(data))) {
    console.error("The data sets are not beside this repository (../shared/data): only the cases in it are scored.");
    return sets;
  }
  sets.set(
    "generated, unseen templates",
    generated((template) => template % 5 === 0),
  );
  sets.set("tweets (BTC dev)", conll("ner/btc.dev.conll"));
  sets.set("emerging names (WNUT-17 dev)", conll("ner/emerging.dev.conll"));
  sets.set("bank questions (banking77)", questions());
  return sets;
}

function generated(isWanted: (templateId: number) => boolean): GoldText[] {
  const texts = JSON.parse(read("pii-dev/generated_large.json")) as readonly GeneratedText[];
  return texts
    .filter((text) => isWanted(text.template_id))
    .map(({ full_text: text, spans }) => ({
      text,
      gold: spans
        .filter((span) => !ignored.has(span.entity_type))
        .map((span) => ({
          start: span.start_position,
          end: span.end_position,
          type: renamed[span.entity_type] ?? span.entity_type,
        })),
    }));
}

function conll(path: string): GoldText[] {
  return readConll(read(path));
}

/** Real questions, the part that was not trained on. Hardly any holds a name: what is marked is nearly all false. */
function questions(): GoldText[] {
  return read("chat/banking77.train.csv")
    .split(/\r?\n/)
    .slice(6000)
    .map((line) => ({ text: line.slice(0, line.lastIndexOf(",")), gold: [] }));
}

function read(path: string): string {
  return readFileSync(new URL(path, data), "utf8");
}
