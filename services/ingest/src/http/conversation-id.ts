import { parseConversationId, type ConversationId } from "@cloister/envelope";

import { problem } from "../ingest.problems.ts";

/** A conversation's id as it stands in a path: 32 hexadecimal digits. @throws ProblemError MALFORMED */
export function readConversationId(text: string): ConversationId {
  if (!/^[0-9a-f]{32}$/u.test(text))
    throw problem("MALFORMED", "A conversation id is 32 lower-case hexadecimal digits.");
  return parseConversationId(text);
}
