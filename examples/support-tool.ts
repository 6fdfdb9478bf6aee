// A support tool that reads sealed replies with its own private key, which the tenant's policy names.
// Before: `cloister recipient init --out support.key --name support-desk`, then sign and apply a policy with it.
// Then: npm run example -- support-tool <conversation id>
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient } from "@cloister/client";
import { parseConversationId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { accessToken, baseUrl, flags, positionals, readSeed, tenantId } from "./setup/development.ts";

const client = createClient({
  baseUrl,
  // In earnest a token of its own: cloister token create --scope replies:read
  accessToken,
  tenantId,
  backend: nodeBackend,
  evidenceVerifiers: [simulatedVerifier],
  allowDevelopment: true,
});

const [id] = positionals;
if (id === undefined) {
  console.error("npm run example -- support-tool <conversation id>, which `cloister chat` prints");
  process.exit(2);
}
const conversation = parseConversationId(id);
const tool = client.recipient(readSeed(flags.key));
// Everything so far, then whatever comes (whole replies, not while they are being written); after three quiet seconds this example leaves, a real tool stays.
const leaving = new AbortController();
let quiet = setTimeout(() => leaving.abort(), 3_000);
try {
  for await (const event of tool.replies(conversation, { signal: leaving.signal, live: false })) {
    quiet = quiet.refresh();
    if (event.kind === "reply") console.log(event.text);
    // "refused" with NOT_A_RECIPIENT: sealed before the policy named this key.
    else console.log(`(${event.kind}${"code" in event ? `: ${event.code}` : ""})`);
  }
} catch (error) {
  if (!leaving.signal.aborted) throw error;
}
