import type { Detector, Span } from "@cloister/pii";
import type { OpenedMessage } from "./open-message.ts";

/** A message with the personal data found in it. */
export interface DetectedMessage {
  readonly message: OpenedMessage;
  readonly inText: readonly Span[];
  /** Of a document. */
  readonly inTitle: readonly Span[];
}

export function detectMessage(message: OpenedMessage, detector: Detector): DetectedMessage {
  return {
    message,
    inText: detector.detect(message.text),
    inTitle: detector.detect(message.document?.title ?? ""),
  };
}
