// A backend that publishes chat events: each line of standard input, {"customer","text"}, is sealed and sent; a customer's
// lines are one conversation, in order. It waits for no answer: those go to the readers. Prints a line for each event.
// Then: npm run example -- publish-events < events.jsonl
import { createInterface } from "node:readline";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { ClientError, createClient, type Conversation } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { accessToken, admit, baseUrl, tenantId } from "./setup/development.ts";

const client = createClient({
  baseUrl,
  accessToken,
  tenantId,
  backend: nodeBackend,
  evidenceVerifiers: [simulatedVerifier],
  allowDevelopment: true,
});

// A real backend keeps `exportState()` of each where it keeps its secrets, and goes on with `resumeConversation`.
const conversations = new Map<string, Promise<Conversation>>();
const conversationOf = (customer: string): Promise<Conversation> => {
  const known = conversations.get(customer) ?? client.openConversation({ admission: admit });
  conversations.set(customer, known);
  return known;
};

let lineNumber = 0;
for await (const line of createInterface({ input: process.stdin })) {
  lineNumber += 1;
  try {
    const { customer, text } = JSON.parse(line) as { readonly customer: string; readonly text: string };
    const conversation = await conversationOf(customer);
    // Resolves when the message is stored durably. The same bytes, with the same id, are posted again after a failure.
    const { messageId } = await conversation.send(text);
    console.log(JSON.stringify({ line: lineNumber, conversationId: hex(conversation.id), messageId: hex(messageId) }));
  } catch (error) {
    const code = error instanceof ClientError ? (error.problem ?? error.code) : "LINE_MALFORMED";
    console.log(JSON.stringify({ line: lineNumber, failed: code }));
    process.exitCode = 1;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
