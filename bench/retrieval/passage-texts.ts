import type { LabelledText } from "./banking77.ts";

const perPassage = 4;

/** Texts of some 250 characters, each of four questions of one intent: a passage speaks of one thing. */
export function passageTexts(known: readonly LabelledText[], count: number): string[] {
  const intents = [...Map.groupBy(known, ({ label }) => label).values()];
  return Array.from({ length: count }, (_, n) => {
    const questions = intents[n % intents.length] ?? [];
    const round = Math.floor(n / intents.length);
    // Each round takes other steps through the intent's questions.
    return Array.from({ length: perPassage }, (_, k) => questions[stepped(round, k, questions.length)]?.text).join(" ");
  });
}

function stepped(round: number, k: number, length: number): number {
  return (round + k * (1 + Math.floor(round / length) * 7 + (round % 5))) % length;
}
