import type { MapEntry, PlaceholderMemory, RedactOptions } from "@cloister/pii";
import type { DetectedMessage } from "./detect-message.ts";
import { RedactionError } from "./errors.ts";
import type { OpenedMessage } from "./open-message.ts";
import { type RedactedTexts, redactTexts } from "./redact-texts.ts";

export interface RedactedText {
  readonly text: string;
  readonly document: { readonly documentId: string; readonly title: string } | undefined;
  /** The entries that this message brought. */
  readonly entries: readonly MapEntry[];
  /** What the conversation remembers from now on. */
  readonly memory: PlaceholderMemory;
}

/**
 * Writes what the policy says where personal data stood, in the text and in a document's title, and proves that no
 * mapped value is left.
 * @throws RedactionError REDACTION_LEAK
 */
export function redactMessage(
  { message, inText, inTitle }: DetectedMessage,
  memory: PlaceholderMemory,
  options: RedactOptions,
): RedactedText {
  const found = { text: message.text, title: message.document?.title ?? "", inText, inTitle };
  return requireNoLeak(message, redactTexts(found, memory, options));
}

/** What goes on of a message. @throws RedactionError REDACTION_LEAK */
export function requireNoLeak(
  { document }: Pick<OpenedMessage, "document">,
  { text, title, entries, memory, isLeaking }: RedactedTexts,
): RedactedText {
  if (isLeaking) {
    throw new RedactionError("REDACTION_LEAK", "Personal data was still found after redaction; nothing was passed on.");
  }
  return { text, document: document && { documentId: document.documentId, title }, entries, memory };
}
