import { describe, expect, it } from "@jest/globals";
import { lintAt } from "./lint-text.ts";

const imports = (specifier: string): string => `import { x } from "${specifier}";\nexport const y: unknown = x;\n`;

interface Rule {
  sentence: string;
  rule: string;
  /** Path of the importing file, what it imports. */
  forbidden: [path: string, specifier: string][];
  allowed: [path: string, specifier: string][];
}

const rules: Rule[] = [
  {
    sentence: "services never import each other",
    rule: "cloister/layers",
    forbidden: [
      ["services/ingest/src/open.ts", "@cloister/service-keys"],
      ["services/retention/test/purge.test.ts", "@cloister/service-keys"],
    ],
    allowed: [["services/ingest/src/open.ts", "@cloister/keyring"]],
  },
  {
    sentence: "libraries never import a service",
    rule: "cloister/layers",
    forbidden: [
      ["libs/keyring/src/lease.ts", "@cloister/service-keys"],
      ["libs/testing/src/stack.ts", "@cloister/service-keys"],
    ],
    allowed: [["libs/keyring/src/lease.ts", "@cloister/service"]],
  },
  {
    sentence: "contracts imports nothing of ours",
    rule: "cloister/layers",
    forbidden: [["libs/contracts/src/topics.ts", "@cloister/policy"]],
    allowed: [["libs/policy/src/note.ts", "@cloister/contracts/topics"]],
  },
  {
    sentence: "a pure library imports pure libraries only",
    rule: "cloister/layers",
    forbidden: [
      ["libs/envelope/src/seal.ts", "@cloister/service"],
      ["libs/audit/src/log.ts", "@cloister/storage"],
    ],
    allowed: [["libs/audit/src/log.ts", "@cloister/policy"]],
  },
  {
    sentence: "the client SDK, which runs in browsers, imports pure libraries only",
    rule: "cloister/layers",
    forbidden: [["libs/client/src/read.ts", "@cloister/service"]],
    allowed: [["libs/client/src/read.ts", "@cloister/envelope"]],
  },
  {
    sentence: "fakes are for tests",
    rule: "cloister/layers",
    forbidden: [["services/ingest/src/open.ts", "@cloister/testing"]],
    allowed: [["services/ingest/test/open.test.ts", "@cloister/testing"]],
  },
  {
    sentence: "only embedded imports several services",
    rule: "cloister/layers",
    forbidden: [
      ["cli/src/serve.ts", "@cloister/service-ingest"],
      ["libs/client/src/read.ts", "@cloister/embedded"],
    ],
    allowed: [
      ["embedded/src/serve.ts", "@cloister/service-ingest"],
      ["cli/src/serve.ts", "@cloister/embedded"],
      ["test/e2e/conversation.test.ts", "@cloister/service-ingest"],
    ],
  },
  {
    sentence: "a package is entered by its exports",
    rule: "cloister/package-exports",
    forbidden: [
      ["services/ingest/src/open.ts", "@cloister/envelope/src/seal.ts"],
      ["services/ingest/src/open.ts", "../../../libs/envelope/src/seal.ts"],
      ["libs/policy/test/note.test.ts", "../../envelope/src/seal.ts"],
      ["test/e2e/conversation.test.ts", "../../services/ingest/src/open.ts"],
    ],
    allowed: [
      ["services/ingest/src/open.ts", "@cloister/contracts/envelope"],
      ["services/ingest/src/steps/open.ts", "../limits.ts"],
      ["libs/policy/test/note.test.ts", "../src/note.ts"],
    ],
  },
  {
    sentence: "pure libraries import no framework",
    rule: "cloister/pure-libraries",
    forbidden: [
      ["libs/envelope/src/seal.ts", "@nestjs/common"],
      ["libs/attestation/src/verify.ts", "fastify"],
      ["libs/policy/src/note.ts", "kysely"],
      ["libs/pii/src/detect.ts", "pino"],
      ["libs/audit/src/log.ts", "@connectrpc/connect"],
    ],
    allowed: [
      ["libs/envelope/src/seal.ts", "@noble/hashes/sha2.js"],
      ["libs/service/src/log.ts", "pino"],
    ],
  },
  {
    sentence: "pure libraries do no I/O, and only the Node backend of the envelope knows node:crypto",
    rule: "cloister/pure-libraries",
    forbidden: [
      ["libs/envelope/src/seal.ts", "node:crypto"],
      ["libs/envelope/src/node.ts", "node:fs"],
      ["libs/attestation/src/verify.ts", "node:https"],
      ["libs/policy/src/note.ts", "fs"],
      ["libs/pii/src/detect.ts", "node:fs/promises"],
      ["libs/audit/src/log.ts", "node:net"],
    ],
    allowed: [
      ["libs/envelope/src/backends/node.ts", "node:crypto"],
      ["libs/attestation/src/adapters/nitro.ts", "node:fs"],
      ["libs/policy/test/note.test.ts", "node:fs"],
    ],
  },
  {
    sentence: "only adapters know an engine's client",
    rule: "cloister/engines-in-adapters",
    forbidden: [
      ["libs/messaging/src/relay.ts", "kafkajs"],
      ["libs/messaging/src/kafka/group-work.ts", "@platformatic/kafka"],
      ["libs/service/src/frames.ts", "ioredis"],
      ["libs/retrieval/src/index.ts", "@qdrant/js-client-rest"],
      ["services/ingest/src/mailbox.ts", "pg"],
      ["embedded/src/serve.ts", "@electric-sql/pglite"],
      ["services/keys/src/unwrap.ts", "@aws-sdk/client-kms"],
    ],
    allowed: [
      ["libs/messaging/src/kafka/kafkajs/consumption.ts", "kafkajs"],
      ["libs/storage/src/pool.ts", "pg"],
      ["services/keys/src/adapters/aws-kms.ts", "@aws-sdk/client-kms"],
    ],
  },
];

describe.each(rules)("$sentence", ({ rule, forbidden, allowed }) => {
  it.each(forbidden)("reports %s for importing %s", async (path, specifier) => {
    expect(await lintAt(path, imports(specifier))).toContain(rule);
  });

  it.each(allowed)("lets %s import %s", async (path, specifier) => {
    expect((await lintAt(path, imports(specifier))).filter((reported) => reported.startsWith("cloister/"))).toEqual([]);
  });
});

describe("an import in another form", () => {
  it.each([
    ["import()", `export const y = (): Promise<unknown> => import("@cloister/service-keys");\n`],
    ["export from", `export { x } from "@cloister/service-keys";\n`],
    ["export *", `export * from "@cloister/service-keys";\n`],
    ["import type", `import type { X } from "@cloister/service-keys";\nexport type Y = X;\n`],
    ["import type of", `export type Y = import("@cloister/service-keys").X;\n`],
  ])("is reported as well: %s", async (_form, text) => {
    expect(await lintAt("services/ingest/src/open.ts", text)).toContain("cloister/layers");
  });
});
