import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTenantKeys } from "@cloister/keyring";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const tenant = "0123456789abcdef0123456789abcdef";
const url = "https://keys.customer.example:8090";

describe("the file of tenants that run keys themselves", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-keyring-"));
    await writeFile(join(folder, "release"), "the door's token\n", { mode: 0o600 });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function written(content: unknown): Promise<string> {
    const file = join(folder, "tenants.json");
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  }

  it("gives each tenant's address and the token of the one door that is asked for", async () => {
    const file = await written({ [tenant]: { url, releaseTokenFile: "release", authorityTokenFile: "not-here" } });
    expect([...(await readTenantKeys(file, "release"))]).toEqual([[tenant, { url, credential: "the door's token" }]]);
  });

  it("names nobody where there is none", async () => {
    expect((await readTenantKeys(undefined, "release")).size).toBe(0);
  });

  it.each([
    ["no JSON", "{", "no JSON"],
    ["a tenant that is no id", { customer: { url } }, "32 hex digits"],
    ["an address that is none", { [tenant]: { url: "keys:8090" } }, "url"],
    ["a field that nobody knows", { [tenant]: { url, token: "a" } }, "token"],
    ["no token for the door", { [tenant]: { url } }, "releaseTokenFile"],
  ])("is refused with %s, by name", async (_, content, part) => {
    const file = await written(content);
    const refusal = readTenantKeys(file, "release");
    await expect(refusal).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(refusal).rejects.toThrow(part);
  });

  it("is refused when it isn't there", async () => {
    await expect(readTenantKeys(join(folder, "none"), "release")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
