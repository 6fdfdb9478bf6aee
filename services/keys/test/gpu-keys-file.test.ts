import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttestationError } from "@cloister/attestation";
import { ServiceError } from "@cloister/service";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readGpuKeys } from "../src/adapters/gpu-keys-file.ts";
import { TestGpuService } from "./gpu-service.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const nonce = new Uint8Array(32).fill(7);
const service = new TestGpuService();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-jwks-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const file = join(folder, "jwks.json");
  await writeFile(file, text);
  return file;
}

/** What is found of claims that such a service made. */
async function verdict(by: TestGpuService): Promise<string> {
  const { verifier } = await readGpuKeys(await fileWith(service.jwks));
  try {
    await verifier.verify(by.claims(nonce, nowMs), { issuer: service.issuer, nonce, nowMs });
    return "attested";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

describe("the JWKS of a service that attests GPUs", () => {
  it("has its claims count, and nobody else's", async () => {
    expect([await verdict(service), await verdict(new TestGpuService())]).toEqual(["attested", "GPU_NOT_ATTESTED"]);
  });

  it("is known by its digest, which the evidence of keys states", async () => {
    const { digestHex } = await readGpuKeys(await fileWith(service.jwks));
    expect(digestHex).toBe(createHash("sha256").update(service.jwks).digest("hex"));
  });

  it.each([
    ["no JSON", "keys"],
    ["no key", JSON.stringify({ keys: [] })],
    ["a key without a name", JSON.stringify({ keys: [{ kty: "EC" }] })],
    ["a key that is a secret", JSON.stringify({ keys: [{ kty: "oct", kid: "a", k: "AAAA" }] })],
  ])("is refused at the start with %s", async (_what, text) => {
    const refused: unknown = await readGpuKeys(await fileWith(text)).catch((error: unknown) => error);
    expect(refused instanceof ServiceError && refused.message).toContain("CLOISTER_GPU_JWKS_FILE");
  });

  it("is refused at the start when it can't be read", async () => {
    await expect(readGpuKeys(join(folder, "absent"))).rejects.toThrow("it can't be read (ENOENT)");
  });
});
