// Runs in Chromium: an application's page with the SDK, called by client.system.test.ts. Bytes cross as hex.
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient } from "@cloister/client";
import { nobleBackend } from "@cloister/envelope/noble";
import { createWebBackend } from "@cloister/envelope/web";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

export interface PageKeys {
  readonly clientKemPublicKey: string;
  readonly clientSigningPublicKey: string;
}

/** What the test offers to the page: the application's backend, which admits people. */
type Admit = (keys: PageKeys) => Promise<string>;

const clientPage = {
  ask: async (backend: "web" | "noble", accessToken: string, tenantId: string, texts: readonly string[]) => {
    const { admit } = globalThis as unknown as { readonly admit: Admit }; // exposed before this page was opened
    const client = createClient({
      baseUrl: (globalThis as unknown as { readonly location: { readonly origin: string } }).location.origin, // a page has one
      accessToken,
      tenantId: hexToBytes(tenantId),
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: backend === "web" ? await createWebBackend() : nobleBackend,
    });
    const conversation = await client.openConversation({
      admission: async ({ clientKemPublicKey, clientSigningPublicKey }) =>
        hexToBytes(
          await admit({
            clientKemPublicKey: bytesToHex(clientKemPublicKey),
            clientSigningPublicKey: bytesToHex(clientSigningPublicKey),
          }),
        ),
    });
    const replies: { text: string; rawText: string }[] = [];
    for (const asked of texts) {
      const { text, rawText } = await conversation.ask(asked, { timeoutMs: 60_000 });
      replies.push({ text, rawText });
    }
    return replies;
  },
};

export type ClientPage = typeof clientPage;
Object.assign(globalThis, { cloisterPage: clientPage });
