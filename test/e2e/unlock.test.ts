import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { runProgram } from "@cloister/cli";
import type { Conversation } from "@cloister/client";
import { idToHex } from "@cloister/envelope";
import { signerFromSeed, signPolicy, type NoteSigner, type PolicyChoices } from "@cloister/policy";
import { KmsError, LocalKeyring, LockedKms } from "@cloister/service-keys";
import { eventually } from "@cloister/testing";
import { EmbeddedWorld, readReplies } from "./embedded-world.ts";
import { KmsByTenant } from "./kms-by-tenant.ts";
import { TestTenant } from "./tenant.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

const TOKEN = "hvs.CAESIJ0quXvYw8m3Zl2oZK6r";
const kms = { custody: "byok", provider: "openbao", keyRef: "transit/keys/tenant-kek" } as const;

class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe("a tenant that gives keys the credential of its KMS itself", () => {
  let world: EmbeddedWorld;
  let folder: string;
  let tenant: TestTenant;
  let chat: Conversation;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-unlock-"));
    const keyring = await LocalKeyring.open(join(folder, "keyring.json"));
    world = await EmbeddedWorld.start({
      // Others have a key in a file; this one's KMS is one that nobody has a credential for.
      wrapKms: (local) => new KmsByTenant(local, { openbao: new LockedKms("openbao") }),
      openWithCredential: (_, credential) =>
        credential.kind === "vault-token" && credential.token === TOKEN
          ? Promise.resolve(keyring)
          : Promise.reject(new KmsError("KMS_CREDENTIAL_REFUSED", "The KMS does not know the token.")),
    });
    await run("tenant", "init", "--out", join(folder, "tenant"));
    const [root, admission] = [await seed("root.key"), await seed("admission.key")];
    tenant = new TestTenant(world.cloister.instances, root, admission);
    await writePolicy("policy-1.note");
    await writeFile(join(folder, "token"), `${TOKEN}\n`, { mode: 0o600 });
    await writeFile(join(folder, "wrong"), "hvs.another\n", { mode: 0o600 });
  });
  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  const seed = async (file: string): Promise<NoteSigner> =>
    signerFromSeed(Buffer.from((await readFile(join(folder, "tenant", file), "utf8")).trim(), "hex"));

  function writePolicy(file: string, choices: Partial<PolicyChoices> = {}): Promise<void> {
    const note = signPolicy(tenant.policy(world.clock.nowMs(), { kms, ...choices }), tenant.root);
    return writeFile(join(folder, "tenant", file), note);
  }

  async function run(...args: string[]) {
    const terminal = {
      stdin: Readable.from([]),
      stdout: new Collected(),
      stderr: new Collected(),
      exitCode: 0,
      env: {},
    };
    await runProgram(args, terminal);
    return { exitCode: terminal.exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  function door(): string[] {
    const { ingest } = world.cloister;
    return ["--url", ingest.address ?? "", "--token", ingest.accessToken.reveal(), "--development"];
  }

  const unlock = (...args: string[]) => run("keys", "unlock", "--tenant", join(folder, "tenant"), ...door(), ...args);

  /** Who has the old root's key signs a policy with it, as if nothing had been rotated. */
  async function writtenStolen(): Promise<string> {
    const stolen = join(folder, "stolen");
    await cp(join(folder, "tenant"), stolen, { recursive: true });
    await rm(join(stolen, "root-rotation-1.note"));
    const note = signPolicy(tenant.policy(world.clock.nowMs(), { kms, version: 9 }), tenant.root);
    await writeFile(join(stolen, "policy-9.note"), note);
    return join(stolen, "policy-9.note");
  }

  it("has no policy in force before, is told why, and has one afterwards", async () => {
    const policy = tenant.signed(tenant.policy(world.clock.nowMs(), { kms }));
    await expect(world.clientOf(tenant).applyPolicy(policy)).rejects.toMatchObject({ problem: "KEYS_LOCKED" });
    expect(await unlock("--token-file", join(folder, "token"), "--json")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('"NOT_ASKED"') as unknown,
    });
    await world.clientOf(tenant).applyPolicy(policy);
    chat = await world.openChatOf(tenant);
    expect((await chat.ask("Is anybody there?", { timeoutMs: 60_000 })).model).toBe("extractive");
  });

  it("seals nothing to a key service that its policy doesn't allow", async () => {
    const measurements = { ...tenant.policy(world.clock.nowMs()).measurements, keys: [] };
    await writePolicy("other.note", { measurements });
    const said = world.log.lines.filter((line) => line.includes("unlocked")).length;
    const { exitCode, stderr } = await unlock(
      ...["--policy", join(folder, "tenant", "other.note"), "--token-file", join(folder, "token")],
    );
    expect([exitCode, /cloister: ([A-Z_]+):/u.exec(stderr)?.[1]]).toEqual([1, "MEASUREMENT_NOT_ALLOWED"]);
    expect(world.log.lines.filter((line) => line.includes("unlocked"))).toHaveLength(said);
  });

  it("is told when its KMS refuses what it gave", async () => {
    const { exitCode, stderr } = await unlock("--token-file", join(folder, "wrong"));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("KMS_CREDENTIAL_REFUSED")]);
    expect((await unlock("--token-file", join(folder, "token"))).exitCode).toBe(0);
  });

  it("waits after it locked keys while others go on, and loses nothing", async () => {
    const other = await world.openChat();
    const { messageId } = await chat.send("Before it was locked?");
    await readReplies(chat, 1);
    expect((await unlock("--lock")).exitCode).toBe(0);
    // Ingest knows the policy for some seconds; what it takes now has to wait.
    const late = await chat.send("And now?");
    await eventually(async () => expect(await waitingCodes()).toContain("KEYS_LOCKED"));
    expect((await other.ask("And I?", { timeoutMs: 60_000 })).model).toBe("extractive");
    expect((await unlock("--token-file", join(folder, "token"))).exitCode).toBe(0);
    await eventually(
      async () => {
        world.clock.advance(10_000);
        expect(await repliedTo()).toEqual(expect.arrayContaining([messageId, late.messageId].map((id) => idToHex(id))));
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
    expect(await world.deadLetters()).toEqual([]);
  });

  it("goes on under another root, which its terminal makes, and its unlock counts by that one", async () => {
    const folderOf = ["--tenant", join(folder, "tenant")];
    const rotated = await run("tenant", "rotate-root", ...folderOf, "--json");
    const { policyFile } = JSON.parse(rotated.stdout) as { policyFile: string };
    const stolen = await writtenStolen();
    expect(await run("policy", "apply", policyFile, ...folderOf, ...door(), "--yes")).toMatchObject({ exitCode: 0 });
    expect((await chat.ask("And under another root?", { timeoutMs: 60_000 })).model).toBe("extractive");
    expect((await unlock("--token-file", join(folder, "token"))).exitCode).toBe(0);
    const refused = await run("policy", "apply", stolen, "--tenant", join(folder, "stolen"), ...door(), "--yes");
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("POLICY_FOREIGN")]);
  });

  it("finds its credential in no table, topic, file or line of the log", async () => {
    const forms = [TOKEN, Buffer.from(TOKEN).toString("base64").slice(0, 28), Buffer.from(TOKEN).toString("hex")];
    const rows = await world.allRows();
    expect(rows.length).toBeGreaterThan(100);
    expect(forms.filter((form) => rows.some((row) => Buffer.from(row).includes(form)))).toEqual([]);
    expect(forms.filter((form) => world.log.lines.some((line) => line.includes(form)))).toEqual([]);
  });

  it("has its KEK destroyed by its name alone, gets a receipt, and nothing of it opens any more", async () => {
    const destroy = (...args: string[]) =>
      run("keys", "destroy", "--tenant", join(folder, "tenant"), ...door(), "--json", ...args);
    const codes = [];
    const noPlace = join(folder, "nowhere", "receipt.note");
    for (const args of [[], ["--confirm", "another"], ["--confirm", "tenant", "--out", noPlace]]) {
      const { exitCode, stderr } = await destroy(...args);
      codes.push([exitCode, /cloister: ([A-Z_]+):/u.exec(stderr)?.[1]]);
    }
    expect(codes).toEqual([
      [1, "CONFIRMATION_REQUIRED"],
      [1, "NOT_CONFIRMED"],
      [1, "FILE_UNWRITABLE"],
    ]);
    const { exitCode, stdout, stderr } = await destroy("--confirm", "tenant");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      provider: "openbao",
      windowEndsAtMs: null,
      refusedSince: "KMS_KEY_UNKNOWN",
    });
    const receipt = await readFile(join(folder, "tenant", "kek-destroyed.note"), "utf8");
    expect(receipt).toMatch(/^cloister\/v1 kek destruction receipt\n/u);
    await expect(world.openChatOf(tenant)).rejects.toMatchObject({ problem: "KMS_UNAVAILABLE" });
  });

  const waitingCodes = async (): Promise<(string | undefined)[]> =>
    (await world.mailbox(chat)).flatMap(({ kind, code }) => (kind === "status" ? [code] : []));
  const repliedTo = async (): Promise<string[]> =>
    (await world.mailbox(chat)).flatMap(({ kind, causeIdHex }) => (kind === "reply" ? [causeIdHex] : []));
});
