import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  openEnvelope,
  parseKeyId,
  readHeader,
  sealEnvelope,
  Suite,
} from "@cloister/envelope";
import { nobleBackend } from "@cloister/envelope/noble";
import { nodeBackend } from "@cloister/envelope/node";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { bundle } from "./bundle.ts";
import { callPage, openPage } from "./call-page.ts";
import { describeInChromium } from "./describe-in-chromium.ts";
import type { EnvelopePage, PageVector } from "./envelope-page.ts";
import { servePage, type PageServer } from "./page-server.ts";

interface Vector extends PageVector {
  readonly name: string;
  readonly payload: string;
  readonly frames: readonly { readonly text: string; readonly frame: string }[];
}

// The committed file, which libs/envelope/test/frozen/make.ts wrote.
const frozen = JSON.parse(
  readFileSync(join(repositoryRoot, "libs/envelope/test/vectors/frozen.json"), "utf8"),
) as readonly Vector[];
const nowMs = 1_800_000_000_000;
const suites = [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305];
const message = "Grüße aus Chromium";
const filled = (length: number, value: number) => new Uint8Array(length).fill(value);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describeInChromium("the WebCrypto backend in Chromium", (page) => {
  let server: PageServer;

  beforeAll(async () => {
    const { script } = await bundle({ entry: join(import.meta.dirname, "envelope-page.ts") });
    server = await servePage(script);
    await openPage(page(), server.url);
  }, 60_000);
  afterAll(() => server.close());

  it("stands on all that this Chromium has", async () => {
    const native = await callPage<EnvelopePage, "native">(page(), "native");

    expect(native).toEqual({ x25519: true, ed25519: true, mlKem768: true, chacha20Poly1305: true });
  });

  it.each(frozen)("opens the frozen bytes: $name", async (vector) => {
    const opened = await callPage<EnvelopePage, "openVector">(page(), "openVector", vector);

    expect(opened).toEqual({ payload: vector.payload, cells: vector.frames.map(({ text }) => text) });
  });

  it.each(suites)("opens what it sealed (suite %s)", async (suite) => {
    const envelope = await callPage<EnvelopePage, "seal">(page(), "seal", suite, message);

    expect(await callPage<EnvelopePage, "open">(page(), "open", envelope)).toEqual([message, message]);
  });

  it.each(
    suites.flatMap((suite) => [nodeBackend, nobleBackend].map((backend) => [suite, backend.name, backend] as const)),
  )("seals what opens elsewhere, and opens what was sealed elsewhere (suite %s, %s)", async (suite, _, backend) => {
    const kem = createKemPrivateKey(backend, filled(32, 1));
    const wrap = createWrapKey(backend, { key: filled(32, 130), keyId: parseKeyId(filled(16, 2)) });
    const signing = createSigningKey(backend, filled(32, 65));
    const signer = createVerifyingKey(backend, signing.publicKeyBytes);

    const there = Buffer.from(await callPage<EnvelopePage, "seal">(page(), "seal", suite, message), "hex");
    const read = [kem, wrap].map((key) => openEnvelope(backend, there, { keys: [key], signer, nowMs }).payload);
    const recipients = [createKemPublicKey(backend, kem.publicKeyBytes), wrap];
    const here = sealEnvelope(backend, {
      header: readHeader(there),
      payload: new TextEncoder().encode(message),
      recipients,
      signer: signing,
    });

    expect(read.map((bytes) => new TextDecoder().decode(bytes))).toEqual([message, message]);
    expect(readHeader(there).contentType).toBe(ContentType.TEXT);
    expect(await callPage<EnvelopePage, "open">(page(), "open", hex(here.bytes))).toEqual([message, message]);
  });

  it("refuses an envelope after one flipped bit of its ciphertext, its recipients or its signature", async () => {
    const envelope = Buffer.from(
      await callPage<EnvelopePage, "seal">(page(), "seal", Suite.AES_256_GCM, message),
      "hex",
    );

    for (const fromEnd of [1, 100, 600]) {
      const changed = Buffer.from(envelope);
      changed[changed.length - fromEnd] = (changed[changed.length - fromEnd] ?? 0) ^ 1;
      const refused = await callPage<EnvelopePage, "open">(page(), "open", hex(changed));
      expect(refused).toEqual(["SIGNATURE_INVALID", "SIGNATURE_INVALID"]);
    }
  });

  it.each([
    [Suite.AES_256_GCM, 200],
    [Suite.AES_256_GCM, 65_536],
    [Suite.CHACHA20_POLY1305, 200],
  ])(
    "seals and opens before anybody notices (suite %s, %s bytes)",
    async (suite, payloadBytes) => {
      const times = await callPage<EnvelopePage, "measure">(page(), "measure", suite, payloadBytes, 50);

      const figures = Object.entries(times).map(([what, ms]) => `${what} ${ms.toFixed(2)}`);
      process.stdout.write(`Chromium, suite ${suite}, ${payloadBytes} bytes: ${figures.join(", ")}\n`);
      expect(times.webSealMs + times.webOpenMs).toBeLessThan(50);
    },
    30_000,
  );
});
