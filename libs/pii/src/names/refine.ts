import type { ExplainedSpan } from "../span.ts";

const leadingTitle =
  /^(?:(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|lord|lady|herr|frau|madame|monsieur|mme|mlle|señor|señora|sra?|signora?|rev|hon|capt|captain|sgt|judge)\b\.?\s*)+/iu;
const functionWord =
  /^(?:a|an|and|any|are|as|at|be|but|by|can|do|for|from|god|has|have|he|her|here|his|i|if|in|is|it|its|me|my|no|not|of|on|or|our|please|she|so|that|the|their|them|they|this|to|was|we|were|what|when|where|who|why|with|you|your)$/u;
/** Labels of forms, which stand where names stand. */
const formLabel =
  /^(?:ssn|iban|dob|tel|fax|mobile|phone|email|e-mail|name|address|card|account|patient|customer|client|date|id)$/iu;
/** The same in capitals, which are names or words otherwise (Nino, Pan, sin). */
const capitalLabel =
  /^(?:NPI|MRN|SKU|ISBN|IMEI|EAN|UPC|VIN|PIN|CVV|CVC|BIC|SWIFT|ITIN|EIN|DEA|MBI|NHS|NINO|UTR|PAN|DNI|NIF|NIE|CPF|CNPJ|PESEL|AADHAAR|BSN|UUID|URL|IP|MAC|SIN|TFN|ABN|RN|MD|PhD|REF|PO|ICD|CPT|SSN|DOB|IBAN|ID|API|CSV|PDF|XML|JSON|SQL|HTML|CSS|HTTPS?|RFC|ISO|SOC|GB|MB|TB|KB|USB|CPU|GPU|RAM|SSD|SLA|FAQ|OK|AM|PM|VAT|GDPR|HIPAA|ASAP|FYI|ETA|TBD|TODO|CEO|CFO|CTO|HR|IT|KPI|ROI|PIN)$/u;
/** Commands, which stand where names stand: "cloister runs it". In small letters alone, since Cloister may be a name. */
const command = /^(?:npm|npx|cloister)$/u;
/** A whole phrase is one word to the model in scripts that part no words: detectors/east-asian-names.ts reads those. */
const eastAsian = /^[^\p{L}]*(?:[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー][^\p{L}]*)+$/u;
/** What documents and files are called, in any case: "according to README, the fee is waived". */
const documentWord =
  /^(?:(?:cloister|doc|the) )?(?:readme|changelog|licen[cs]e|notice|contributing|makefile|dockerfile|roadmap|handbook|manual|runbook|quickstart|howto|glossary|appendix|introduction|overview|faqs?)$/iu;
/** "256 GB", "4 kg": sizes of products, which look like houses and streets. */
const measure = /\d ?(?:[KMGT]B|[km]?g|[kcm]m|GHz|MHz|ml|mAh|W|V)$/u;
const commandOption = /(?:^|\s)--[\w-]{0,40}$/u;
const trailingLabel = /(?<=\S)\s+(?:SSN|DOB|MRN|NPI|IBAN|DEA|SKU|NHS|NINO|CPF|DNI|PESEL)\W*$/u;
const someLetter = /\p{L}/u;

/** Sets right what a tagger of single words gets wrong: titles, double names, lone function words and numbers. */
export function refineNames(text: string, spans: readonly ExplainedSpan[]): ExplainedSpan[] {
  const whole = joinedSpans(
    text,
    spans.flatMap((span) => withoutTitle(text, withoutBorderSigns(text, span))),
  );
  return whole.filter((span, index) => {
    const value = text.slice(span.start, span.end);
    if (span.type === "ORGANIZATION" && /\d/.test(text.charAt(span.end))) return false; // the letters of a code
    if (measure.test(value) || commandOption.test(text.slice(Math.max(0, span.start - 44), span.start))) return false;
    if (functionWord.test(value) || formLabel.test(value) || capitalLabel.test(value) || command.test(value))
      return false;
    if (documentWord.test(value) || eastAsian.test(value)) return false;
    return someLetter.test(value) || isNextToPlace(text, whole, index);
  });
}

const borderSigns = /[\s,;:!?"()]/;

/** "Springfield," ends before the comma; a full stop may belong to the name ("Acme Ltd."). */
function withoutBorderSigns(text: string, span: ExplainedSpan): ExplainedSpan {
  let { start, end } = span;
  while (start < end && borderSigns.test(text.charAt(start))) start++;
  while (end > start && borderSigns.test(text.charAt(end - 1))) end--;
  return start < end ? { ...span, start, end } : span;
}

function withoutTitle(text: string, span: ExplainedSpan): ExplainedSpan[] {
  if (span.type !== "PERSON") return [span];
  const value = text.slice(span.start, span.end);
  const title = leadingTitle.exec(value)?.[0] ?? "";
  if (title.length === value.length) return [];
  const label = trailingLabel.exec(value)?.[0] ?? "";
  return [{ ...span, start: span.start + title.length, end: span.end - label.length }];
}

/** "Maria-José": two names that only a hyphen parts are one, of the kind of the longer. */
function joinedSpans(text: string, spans: readonly ExplainedSpan[]): ExplainedSpan[] {
  const joined: ExplainedSpan[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    const gap = last === undefined ? "" : text.slice(last.end, span.start);
    if (last === undefined || !isHyphen(text, gap, span)) {
      joined.push(span);
      continue;
    }
    const longer = span.end - span.start > last.end - last.start ? span : last;
    joined[joined.length - 1] = { ...longer, start: last.start, end: span.end };
  }
  return joined;
}

function isHyphen(text: string, gap: string, span: ExplainedSpan): boolean {
  return gap === "-" || (gap === "" && text.charAt(span.start) === "-");
}

/** A bare number is part of an address or nothing. */
function isNextToPlace(text: string, spans: readonly ExplainedSpan[], index: number): boolean {
  const span = spans[index];
  return [spans[index - 1], spans[index + 1]].some((other) => {
    if (span === undefined || other?.type !== "LOCATION" || span.type !== "LOCATION") return false;
    const gap = other.end <= span.start ? text.slice(other.end, span.start) : text.slice(span.end, other.start);
    return /^[\s,]{1,8}$/.test(gap) && someLetter.test(text.slice(other.start, other.end));
  });
}
