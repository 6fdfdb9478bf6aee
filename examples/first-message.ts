// Seals a first message from a program of your own, and prints the reply with the names put back.
// Before: `cloister serve`, `tenant init`, `policy sign`, `policy apply`. Then: npm run example -- first-message
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { clientKeysHash, createClient, signAdmission, signerFromSeed, type GetAdmission } from "@cloister/client";
import { parseTenantId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { tenant: { type: "string", default: "./tenant" }, data: { type: "string", default: "./.cloister" } },
});
const text = positionals[0] ?? "Hello, I am Marisol Quintanilla. When does my new card arrive?";
const read = (folder: string, file: string): Promise<string> => readFile(join(folder, file), "utf8");
const readFields = async (folder: string, file: string) =>
  JSON.parse(await read(folder, file)) as Readonly<Record<string, string>>;

// How to get there, from the data folder of `cloister serve`. The token lets bytes through; it lets nobody read.
const { url = "", accessToken = "" } = await readFields(flags.data, "running.json");
// Whom to believe: the tenant's id commits to its root key. An application has it in its configuration.
const tenantId = parseTenantId((await readFields(flags.tenant, "tenant.json"))["tenantId"] ?? "");

// The application's backend admits its users: it signs that these keys, made on the user's device, may open a chat.
const issuer = signerFromSeed(Buffer.from((await read(flags.tenant, "admission.key")).trim(), "hex"));
const admit: GetAdmission = (keys) =>
  signAdmission(
    {
      id: randomBytes(16),
      tenantId,
      clientKeysHash: clientKeysHash(keys),
      kind: "chat",
      subjectRef: null,
      knowledgeBases: [],
      issuedAtMs: Date.now(),
      expiresAtMs: Date.now() + 10 * 60_000,
    },
    issuer,
  );

const client = createClient({
  baseUrl: url,
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
