// Seals a first message from a program of your own, and prints the reply with the names put back.
// Before: `cloister serve`, `tenant init`, `policy sign`, `policy apply`. Then: npm run example -- first-message
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { accessToken, admit, baseUrl, positionals, tenantId } from "./setup/development.ts";

const text = positionals[0] ?? "Hello, I am Marisol Quintanilla. When does my new card arrive?";

const client = createClient({
  baseUrl,
  accessToken,
  tenantId,
  backend: nodeBackend,
  // Development alone: evidence of no hardware.
  evidenceVerifiers: [simulatedVerifier],
  allowDevelopment: true,
});

// Makes keys, verifies everything from the tenant's root to the conversation's key; from here on text leaves only sealed.
const conversation = await client.openConversation({ admission: admit });
const reply = await conversation.ask(text, { timeoutMs: 30_000 });
console.log(reply.text);
