import type { ExplainedSpan } from "../span.ts";
import type { Lexicon } from "./lexicon.ts";
import type { Token } from "./tokenize.ts";

const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(" "));

// What people do and places, months and virtues don't.
const done = wordSet(
  "said says told tells asked asks met meets called calls emailed texted wrote writes replied answered phoned rang mentioned agreed promised complained reported requested confirmed explained signed ordered paid bought owes wants wanted needs thinks believes knows likes loves hates married divorced died smiled laughed cried walked ran sat slept ate drank works worked lives lived moved flew drove arrived joined left quit resigned retired forgot remembered noticed suspects claims claimed denied admitted invited introduced helped taught studied graduated underwent complains presented denies takes weighs",
);
const toDo = wordSet(
  "call come ask tell meet pay visit send write sign email text help join speak talk bring pick drive fly arrive leave work attend present review approve handle contact confirm need want know see be",
);
const modal = wordSet("will would can could should shall may might must has had is was didn doesn isn wasn won hasn");
const doing = wordSet(
  "called asked told calling asking going coming waiting working married diagnosed admitted discharged born fired hired promoted arrested speaking paying sick pregnant late",
);
const relation = wordSet(
  "friend brother sister mother father mom dad mum son daughter wife husband partner boyfriend girlfriend fiancé fiancée cousin uncle aunt nephew niece grandma grandpa grandmother grandfather boss manager colleague coworker assistant secretary neighbor neighbour roommate nurse patient client student teacher tenant landlord named name dear hi hello hey thanks sincerely regards",
);
const doneTo = wordSet("told asked met married thanked emailed texted invited hired fired helped tell remind");
const owned = wordSet(
  "phone number email address birthday account wife husband mother father mom dad son daughter brother sister boss doctor card house car salary passport diagnosis prescription appointment resume ssn password file case lawyer",
);
// Bits of the lexicon's traits.
const givenName = 1;
const familyName = 2;

/**
 * Adds given names that the model leaves out or takes for a place because they are also places, months or words
 * (Jordan, April, Faith), where a word beside them speaks of a person.
 */
export function withNamesByContext(
  tokens: readonly Token[],
  lexicon: Lexicon,
  spans: readonly ExplainedSpan[],
): ExplainedSpan[] {
  const added: ExplainedSpan[] = [];
  const replaced = new Set<ExplainedSpan>();
  let nextSpan = 0;
  for (const [at, token] of tokens.entries()) {
    while ((spans[nextSpan]?.end ?? Infinity) <= token.start) nextSpan++;
    const sign = tokens[at - 1];
    if (sign?.text === "#" && sign.end === token.start && isWholeName(token.text, lexicon)) {
      if ((spans[nextSpan]?.start ?? Infinity) >= token.end) {
        added.push(found(sign.start, token.end, "given and family name in a hashtag"));
      }
      continue;
    }
    if (token.text.length < 2 || token.text === token.lower) continue;
    if (!/^\p{Lu}\p{Ll}+$/u.test(token.text) || (lexicon.traits(token.lower) & givenName) === 0) continue;
    const span = spans[nextSpan];
    const isTouched = span !== undefined && span.start < token.end;
    if (isTouched && (span.type === "PERSON" || span.start !== token.start || span.end !== token.end)) continue;
    if (!isPerson(tokens, at)) continue;
    if (isTouched) replaced.add(span);
    added.push(found(token.start, token.end, "given name beside a word about people"));
  }
  if (added.length === 0) return [...spans];
  return [...spans.filter((span) => !replaced.has(span)), ...added].sort((a, b) => a.start - b.start);
}

function found(start: number, end: number, evidence: string): ExplainedSpan {
  return { start, end, type: "PERSON", score: 0.75, detector: "names-by-context", evidence };
}

/** "AlanPardew". */
function isWholeName(text: string, lexicon: Lexicon): boolean {
  const [, first = "", last = ""] = /^(\p{Lu}\p{Ll}+)(\p{Lu}\p{Ll}+)$/u.exec(text) ?? [];
  return (
    (lexicon.traits(first.toLowerCase()) & givenName) !== 0 && (lexicon.traits(last.toLowerCase()) & familyName) !== 0
  );
}

function isPerson(tokens: readonly Token[], at: number): boolean {
  const word = (offset: number): string => tokens[at + offset]?.lower ?? "";
  if (/^\p{Lu}/u.test(tokens[at + 1]?.text ?? "")) return false;
  if (done.has(word(1)) || (modal.has(word(1)) && (toDo.has(word(2)) || doing.has(word(2))))) return true;
  if (word(1) === "'" && word(2) === "s" && owned.has(word(3))) return true;
  if (relation.has(word(-1)) || doneTo.has(word(-1))) return true;
  return (
    word(-1) === "with" && /^(?:met|meet|meeting|spoke|speak|talked|talk|talking|lunch|dinner|married)$/.test(word(-2))
  );
}
