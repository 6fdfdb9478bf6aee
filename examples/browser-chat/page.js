import { simulatedVerifier } from "@cloister/attestation/simulated";
import { ClientError, createClient } from "@cloister/client";
import { parseTenantId } from "@cloister/envelope";
import { createWebBackend } from "@cloister/envelope/web";

const trust = document.getElementById("trust");
const turns = document.getElementById("turns");
const input = document.getElementById("text");
const form = document.querySelector("form");
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const backend = await createWebBackend();
const client = createClient({
  baseUrl: location.origin,
  // The page's server puts the real one in its place.
  accessToken: "none",
  // In earnest this stands in the application's code: fetched from a server, that server would be believed.
  tenantId: parseTenantId(await (await fetch("/tenant")).text()),
  backend,
  evidenceVerifiers: [simulatedVerifier],
  allowDevelopment: true,
});

const conversation = await client.openConversation({ admission: askBackend });
trust.textContent = "Verified from the tenant's root to the key that seals. Text leaves this page as ciphertext only.";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value;
  input.value = "";
  show(text, "typed");
  conversation.ask(text).then(
    (reply) => {
      show(reply.text, "reply");
    },
    (error) => {
      const code = error instanceof ClientError ? (error.problem ?? error.code) : "UNKNOWN";
      show(`(no reply: ${code})`, "status");
    },
  );
});

async function askBackend(keys) {
  const body = JSON.stringify({ kem: base64(keys.clientKemPublicKey), signing: base64(keys.clientSigningPublicKey) });
  const answer = await fetch("/admission", { method: "POST", body });
  return new Uint8Array(await answer.arrayBuffer());
}

/** As text, never as HTML: what a model wrote is nobody's markup. */
function show(text, kind) {
  const line = document.createElement("li");
  line.textContent = text;
  line.className = kind;
  turns.append(line);
}
