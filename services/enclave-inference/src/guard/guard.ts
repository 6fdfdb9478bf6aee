import { withoutForeignPlaceholders } from "./foreign-placeholders.ts";
import { withoutHiddenText } from "./hidden-text.ts";
import { withoutExfiltration } from "./links.ts";
import { withoutUnknownPersonalData } from "./personal-data.ts";

/** What the model was shown for an answer. */
export interface ShownTexts {
  /** Of this conversation: the question, its turns, its own passages. */
  own: readonly string[];
  /** Of other conversations: knowledge bases, the same subject's. */
  others: readonly string[];
}

export type GuardFindingKind = "hidden_text" | "image" | "link" | "personal_data" | "foreign_placeholder";

/** Says what was taken out and how often, never what it was. */
export interface GuardFinding {
  kind: GuardFindingKind;
  count: number;
}

export interface Guarded {
  text: string;
  findings: GuardFinding[];
}

const withheldAnswer = "The answer was withheld by the output guard.";

/** What of a model's answer may leave the enclave. Applied to every runtime's answer, whatever its prompt said. */
export function guardAnswer(answer: string, shown: ShownTexts): Guarded {
  const { text, findings } = guardText(answer, shown);
  const trimmed = text.trim();
  return { text: trimmed === "" ? withheldAnswer : trimmed, findings };
}

/** The same for a text that may be the beginning of an answer, with the blanks around it; empty if nothing is left. */
export function guardText(answer: string, shown: ShownTexts): Guarded {
  const all = [...shown.own, ...shown.others];
  const visible = withoutHiddenText(answer);
  const still = withoutExfiltration(visible.text, all);
  const impersonal = withoutUnknownPersonalData(still.text, all);
  const own = withoutForeignPlaceholders(impersonal.text, shown.own);
  return {
    text: own.text,
    findings: [visible, still, impersonal, own].flatMap((step) => step.findings),
  };
}
