import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@cloister/client";
import { openDataFolder, startEmbedded, type EmbeddedCloister } from "@cloister/embedded";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { systemClock } from "@cloister/service";
import type { Database } from "@cloister/storage";
import { silentLog, testDatabase } from "@cloister/testing";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { TestTenant } from "../e2e/tenant.ts";
import { bundle, splitBundle } from "./bundle.ts";
import { callPage, openPage } from "./call-page.ts";
import type { ClientPage, PageKeys } from "./client-page.ts";
import { describeInChromium } from "./describe-in-chromium.ts";
import { servePage, type PageServer } from "./page-server.ts";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

describe("the SDK as an application's bundler packs it", () => {
  it.each([
    ["@cloister/client", 'export * from "@cloister/client"', 92_000],
    ["with the WebCrypto backend", 'export * from "@cloister/client"; export * from "@cloister/envelope/web"', 94_000],
  ])(
    "has at most 92 kB, gzipped, before it meets hardware, and 2 more with what WebCrypto takes: %s",
    async (what, source, mostBytes) => {
      const { initialBytes } = await splitBundle({ source });

      process.stdout.write(`${what}: ${initialBytes} bytes gzipped at first\n`);
      expect(initialBytes).toBeLessThanOrEqual(mostBytes);
    },
    30_000,
  );

  it("loads the verifier of each hardware when it meets it, at most 30 kB more", async () => {
    const { laterBytes } = await splitBundle({ source: 'export * from "@cloister/client"' });

    for (const [module, bytes] of laterBytes) process.stdout.write(`${bytes} bytes gzipped more with ${module}\n`);
    const formats = [...laterBytes].filter(([module]) => module.includes("/formats/"));
    expect(formats.map(([module]) => module.split("/").at(-2)).sort()).toEqual(["nitro", "sev-snp", "tdx"]);
    expect(Math.max(...formats.map(([, bytes]) => bytes))).toBeLessThanOrEqual(30_000);
  });

  it("has at most 135 kB, gzipped, in one file", async () => {
    const { script, gzippedBytes } = await bundle({ source: 'export * from "@cloister/client"' });

    process.stdout.write(`in one file: ${script.length} bytes minified, ${gzippedBytes} gzipped\n`);
    expect(gzippedBytes).toBeLessThanOrEqual(135_000);
  });
});

describeInChromium("the SDK in Chromium", (page) => {
  let path: string;
  let db: Database;
  let cloister: EmbeddedCloister;
  let tenant: TestTenant;
  let server: PageServer;

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "cloister-browser-"));
    const folder = await openDataFolder(path);
    db = await testDatabase();
    cloister = await startEmbedded({
      ...{ folder, clock: systemClock, logOf: () => silentLog, retentionIntervalMs: 0 },
      databases: { main: db, keys: db },
    });
    tenant = new TestTenant(cloister.instances);
    const baseUrl = cloister.ingest.address ?? "";
    const client = createClient({
      baseUrl,
      accessToken: cloister.ingest.accessToken.reveal(),
      tenantId: tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
    });
    await client.applyPolicy(tenant.signed(tenant.policy(systemClock.nowMs())));
    const { script } = await bundle({ entry: join(import.meta.dirname, "client-page.ts") });
    server = await servePage(script, baseUrl);
    await page().exposeFunction("admit", (keys: PageKeys) => Buffer.from(admissionFor(keys)).toString("hex"));
    await openPage(page(), server.url);
  }, 130_000);
  afterAll(async () => {
    await server.close();
    await cloister.close();
    await db.close();
    await rm(path, { recursive: true, force: true });
  }, 60_000);

  const admissionFor = (keys: PageKeys): Uint8Array =>
    tenant.admission(
      {
        clientKemPublicKey: bytes(keys.clientKemPublicKey),
        clientSigningPublicKey: bytes(keys.clientSigningPublicKey),
      },
      systemClock.nowMs(),
    );

  it.each(["web", "noble"] as const)(
    "opens a conversation, asks and restores names, on %s",
    async (backend) => {
      const accessToken = cloister.ingest.accessToken.reveal();
      const tenantId = Buffer.from(tenant.tenantId).toString("hex");
      const texts = ["Hello, I am Marisol Quintanilla.", "And what can you do for me?"];

      const replies = await callPage<ClientPage, "ask">(page(), "ask", backend, accessToken, tenantId, texts);

      expect(replies).toHaveLength(2);
      expect(replies[0]?.text).toContain("Marisol Quintanilla");
      expect(replies[0]?.rawText).toContain("[PERSON_1]");
      expect(replies[0]?.rawText).not.toContain("Quintanilla");
    },
    130_000,
  );
});
