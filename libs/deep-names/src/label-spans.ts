import type { ExplainedSpan } from "@cloister/pii";
import type { Label } from "./labels.ts";
import type { Word } from "./words.ts";

/** What the model takes a word for, and how sure it is (0..1). */
export interface LabelledWord {
  readonly word: Word;
  readonly label: Label | undefined;
  readonly score: number;
}

/** Certainty is left to lists and checksums. */
const highestScore = 0.99;

/** Words that follow each other under one kind, as one span with their mean score. */
export function spansOfLabels(words: readonly LabelledWord[]): ExplainedSpan[] {
  const runs: { label: Label; words: LabelledWord[] }[] = [];
  let isOpen = false;
  for (const labelled of words) {
    const { label } = labelled;
    const last = runs.at(-1);
    if (label === undefined) isOpen = false;
    else if (isOpen && last !== undefined && label.continues && last.label.type === label.type) {
      last.words.push(labelled);
    } else {
      runs.push({ label, words: [labelled] });
      isOpen = true;
    }
  }
  return runs.map(({ label, words }) => ({
    start: words[0]?.word.start ?? 0,
    end: words.at(-1)?.word.end ?? 0,
    type: label.type,
    score: Math.min(highestScore, words.reduce((sum, { score }) => sum + score, 0) / words.length),
    detector: "onnx-token-classifier",
    evidence: "token classifier",
  }));
}
