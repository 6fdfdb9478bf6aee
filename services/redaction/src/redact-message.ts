import { leakScan, redact, type Detector, type MapEntry, type PlaceholderMemory } from "@cloister/pii";
import { RedactionError } from "./errors.ts";
import type { OpenedMessage } from "./open-message.ts";

export interface RedactedText {
  readonly text: string;
  readonly document: { readonly documentId: string; readonly title: string } | undefined;
  /** The entries that this message brought. */
  readonly entries: readonly MapEntry[];
  /** What the conversation remembers from now on. */
  readonly memory: PlaceholderMemory;
}

/**
 * Puts placeholders where personal data stood, in the text and in a document's title, and proves that no mapped value
 * is left.
 * @throws RedactionError REDACTION_LEAK
 */
export function redactMessage(
  message: OpenedMessage,
  detector: Detector,
  memory: PlaceholderMemory,
  expiresAtMs: number,
): RedactedText {
  const body = redact(message.text, detector.detect(message.text), memory, { expiresAtMs });
  const title = message.document?.title ?? "";
  const head = redact(title, detector.detect(title), body.memory, { expiresAtMs });
  requireNoLeak([body.text, head.text], head.memory.entries());
  return {
    text: body.text,
    document: message.document && { documentId: message.document.documentId, title: head.text },
    entries: [...body.placeholders, ...head.placeholders],
    memory: head.memory,
  };
}

function requireNoLeak(texts: readonly string[], entries: readonly MapEntry[]): void {
  if (texts.some((text) => leakScan(text, entries).length > 0)) {
    throw new RedactionError("REDACTION_LEAK", "Personal data was still found after redaction; nothing was passed on.");
  }
}
