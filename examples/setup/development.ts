// What a real application has in its configuration and its secrets, read here from the folders of `cloister serve` and
// `cloister tenant init`. Flags: --tenant ./tenant --data ./.cloister --port 0 --key support.key --brokers 127.0.0.1:9092
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { clientKeysHash, signAdmission, signerFromSeed, type GetAdmission } from "@cloister/client";
import { parseTenantId } from "@cloister/envelope";

export const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tenant: { type: "string", default: "./tenant" },
    data: { type: "string", default: "./.cloister" },
    port: { type: "string", default: "0" },
    key: { type: "string", default: "./support.key" },
    brokers: { type: "string", default: "127.0.0.1:9092" },
  },
});

/** A seed of 32 bytes, which a file holds as hex. */
export const readSeed = (path: string): Buffer => Buffer.from(textOf(path).trim(), "hex");
const readFields = (path: string) => JSON.parse(textOf(path)) as Readonly<Record<string, string>>;

function textOf(path: string): string {
  if (existsSync(path)) return readFileSync(path, "utf8");
  console.error(
    `${path} is not there: the README says in "A first message" what to run before, and --tenant, --data and --key where to look.`,
  );
  process.exit(2);
}

/** How to get there. The token lets bytes through; it lets nobody read. */
export const { url: baseUrl = "", accessToken = "" } = readFields(join(flags.data, "running.json"));

/** Whom to believe: the tenant's id commits to its root key. */
export const tenantId = parseTenantId(readFields(join(flags.tenant, "tenant.json"))["tenantId"] ?? "");

const issuer = signerFromSeed(readSeed(join(flags.tenant, "admission.key")));

/** The application's backend admits its users: it signs that these keys, made on the user's device, may open a chat. */
export const admit: GetAdmission = (keys) =>
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
