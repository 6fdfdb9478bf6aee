import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { definePolicy, type Policy, PolicyError, verifyAuthorityChain } from "@cloister/policy";
import { kekOf, kmsConfig, KmsError, openKms } from "@cloister/service-keys/kms";
import { systemClock } from "@cloister/service";
import { SimulatedTenant } from "@cloister/testing/tenant";

// Machines may be busy.
jest.setTimeout(60_000);

const nowMs = Date.UTC(2026, 10, 22, 12);
const context = new Uint8Array(16);

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    if (error instanceof KmsError || error instanceof PolicyError) return error.code;
    throw error;
  }
}

describe("an operator with the credential of keys at a tenant's KMS", () => {
  let folder: string;
  let vault: Server;
  let asked = 0;
  let kms: Awaited<ReturnType<typeof openKms>>;
  const development = new SimulatedTenant(nowMs);

  beforeAll(async () => {
    vault = createServer((_, response) => {
      asked++;
      response.writeHead(404, { "content-type": "application/json" }).end('{"errors":[]}');
    });
    await once(vault.listen(0, "127.0.0.1"), "listening");
    const address = vault.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    folder = await mkdtemp(join(tmpdir(), "cloister-credential-"));
    await writeFile(join(folder, "token"), "a token that the operator has", { mode: 0o600 });
    const variables = {
      CLOISTER_KEYS_KMS: "vault",
      CLOISTER_KEYS_VAULT_ADDRESS: `http://127.0.0.1:${String(address.port)}`,
      CLOISTER_KEYS_VAULT_TOKEN_FILE: join(folder, "token"),
    };
    kms = await openKms(kmsConfig.parse(variables), { clock: systemClock });
  });
  afterAll(async () => {
    vault.close();
    await rm(folder, { recursive: true });
  });

  const production = (choices: Partial<Pick<Policy, "kmsTrust" | "kms">> = {}): Policy =>
    definePolicy("standard", {
      ...development.policy,
      development: false,
      simulatedRoots: [],
      hardware: { "aws-nitro": {} },
      kms: { custody: "byok", provider: "vault", keyRef: "transit/keys/tenant-kek" },
      ...choices,
    });

  it("can't have it used for a tenant that didn't accept that", async () => {
    asked = 0;
    const kek = kekOf(production());
    const codes = [
      await codeOf(() => kms.ensureKek(kek)),
      await codeOf(() => kms.wrap(kek, new Uint8Array(32), context)),
      await codeOf(() => kms.unwrap(kek, new Uint8Array(32), context)),
      await codeOf(() => kms.describe(kek)),
      await codeOf(() => kms.destroy(kek)),
    ];
    expect([new Set(codes), asked]).toEqual([new Set(["KMS_CREDENTIAL_UNTRUSTED"]), 0]);
  });

  it("has it used where the tenant's policy accepts it", async () => {
    asked = 0;
    expect(await codeOf(() => kms.describe(kekOf(production({ kmsTrust: "credential" }))))).toBe("KMS_KEY_UNKNOWN");
    expect(asked).toBeGreaterThan(0);
  });

  it("can't accept it in the tenant's name", async () => {
    const chain = await development.chain(nowMs);
    const text = Buffer.from(chain.policy).toString("latin1");
    const accepted = text.replace('"kms":', '"kmsTrust":"credential","kms":');
    expect(accepted).not.toBe(text);
    const verdictOf = (policy: Uint8Array) =>
      codeOf(async () =>
        verifyAuthorityChain({
          tenantId: development.tenantId,
          chain: { ...chain, policy },
          nowMs,
          verifiers: [simulatedVerifier],
          allowDevelopment: true,
        }),
      );
    expect([await verdictOf(chain.policy), await verdictOf(Buffer.from(accepted, "latin1"))]).toEqual([
      "done",
      "SIGNATURE_INVALID",
    ]);
  });
});
