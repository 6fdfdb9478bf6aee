import { redact, type MapEntry, type PlaceholderMemory } from "@cloister/pii";
import type { DetectedMessage } from "./detect-message.ts";
import { requireNoLeak } from "./no-leak.ts";

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
  { message, inText, inTitle }: DetectedMessage,
  memory: PlaceholderMemory,
  expiresAtMs: number,
): RedactedText {
  const title = message.document?.title ?? "";
  // A name may be seen as one in the title alone, or in the text alone, and has to go from both.
  const first = redact(title, inTitle, memory, { expiresAtMs });
  const body = redact(message.text, inText, first.memory, { expiresAtMs });
  const head = redact(title, inTitle, body.memory, { expiresAtMs });
  requireNoLeak([body.text, head.text], head.memory.entries());
  return {
    text: body.text,
    document: message.document && { documentId: message.document.documentId, title: head.text },
    entries: [...first.placeholders, ...body.placeholders, ...head.placeholders],
    memory: head.memory,
  };
}
