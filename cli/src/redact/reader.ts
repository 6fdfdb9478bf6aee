import { type Detector, type ExplainedSpan, normalize, PiiError } from "@cloister/pii";

/** How thoroughly texts are read: by the detectors, or by a transformer beside them. */
export const depths = ["standard", "deep"] as const;
export type Depth = (typeof depths)[number];

/** Finds personal data in one text after the other. */
export interface TextReader {
  explain(text: string): Promise<ExplainedSpan[]>;
}

/** A text of so many characters has no more tokens than the transformer reads at once. */
const mostAtOnce = 65_536;

/**
 * What reads texts at that depth. The transformer is loaded here, and only where it is asked for.
 * @throws PiiError BAD_MODEL where it or its runtime can't be loaded
 */
export async function openReader(detector: Detector, depth: Depth): Promise<TextReader> {
  if (depth === "standard") return { explain: async (text) => detector.explain(text) };
  const { deepModelFolder, measureNamesModel, openTokenClassifier } = await import("@cloister/deep-names");
  const classifier = await openTokenClassifier(await measureNamesModel(deepModelFolder));
  const noDeadline = new AbortController().signal;
  return {
    async explain(text) {
      const { text: normalized } = normalize(text);
      const names: ExplainedSpan[] = [];
      for (const { start, end } of pieces(normalized)) {
        const found = await classifier.find(normalized.slice(start, end), noDeadline);
        for (const span of found) names.push({ ...span, start: span.start + start, end: span.end + start });
      }
      return detector.explain(text, names);
    },
  };
}

/** What is said of a depth that can't be had here. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof PiiError) || error.code !== "BAD_MODEL") return undefined;
  return `--depth deep can't be had here. ${error.message.replace("BAD_MODEL: ", "")}. It needs the runtime (npm install --no-save onnxruntime-node@1.30.0, see docs/redaction.md); without it, leave the option out.`;
}

/** A long text in pieces that end behind a line or a word. */
function* pieces(text: string): Generator<{ start: number; end: number }> {
  for (let start = 0; start < text.length;) {
    const furthest = Math.min(text.length, start + mostAtOnce);
    const border = Math.max(text.lastIndexOf("\n", furthest - 1), text.lastIndexOf(" ", furthest - 1)) + 1;
    const end = furthest === text.length || border <= start ? furthest : border;
    yield { start, end };
    start = end;
  }
}
