import { parseConversationId, type ConversationId } from "@cloister/envelope";
import { z } from "zod";

import { problem } from "../ingest.problems.ts";

/** A conversation's id as it stands in a path. */
export const conversationIdText = z.string().regex(/^[0-9a-f]{32}$/u);

/** @throws ProblemError MALFORMED */
export function readConversationId(text: string): ConversationId {
  if (!conversationIdText.safeParse(text).success) {
    throw problem("MALFORMED", "A conversation id is 32 lower-case hexadecimal digits.");
  }
  return parseConversationId(text);
}
