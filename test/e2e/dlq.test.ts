import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Conversation } from "@cloister/client";
import { howToReach } from "@cloister/embedded";
import { writeRunningFile } from "@cloister/embedded/running-file";
import { idToHex } from "@cloister/envelope";
import { ModelError } from "@cloister/service-enclave-inference";
import { eventually } from "@cloister/testing";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { EmbeddedWorld } from "./embedded-world.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

const poison = "Please choke on the Skagerrak lighthouse";

interface ListedLetter {
  readonly id: string;
  readonly service: string;
  readonly code: string;
  readonly tenantId: string;
}

describe("cloister dlq", () => {
  let world: EmbeddedWorld;
  let isModelBroken = true;

  beforeAll(async () => {
    world = await EmbeddedWorld.start({
      wrapRuntime: (runtime) => ({
        answer: (request, signal) => {
          if (isModelBroken && request.question.includes("choke")) throw new ModelError("MODEL_REFUSED", "No.");
          return runtime.answer(request, signal);
        },
      }),
    });
    await writeRunningFile(world.folder.path, howToReach(world.cloister));
  });
  afterAll(() => world.close());

  async function cli(...args: string[]) {
    const main = join(repositoryRoot, "cli/dist/main.js");
    const all = [main, "dlq", ...args, "--data", world.folder.path];
    const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
    const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { stdout, stderr, exitCode: await exit };
  }

  async function listed(...filter: string[]): Promise<ListedLetter[]> {
    const { stdout } = await cli("list", ...filter, "--json");
    return (JSON.parse(stdout) as { letters: ListedLetter[] }).letters;
  }

  /** A message that inference can't answer, and its letter. */
  async function deadMessage(chat: Conversation) {
    const { messageId } = await chat.send(`${poison}.`);
    await world.idle();
    const [letter] = await listed("--code", "MODEL_REFUSED");
    if (letter === undefined) throw new Error("no letter was listed");
    return { causeIdHex: idToHex(messageId), letter };
  }

  const ofCause = async (chat: Conversation, causeIdHex: string): Promise<string[]> =>
    (await world.mailbox(chat)).flatMap(({ kind, code, causeIdHex: cause }) =>
      cause === causeIdHex && kind !== "map" ? [code ?? kind] : [],
    );

  it("lists and shows a letter by ids, sizes and what its code means, and nothing of its text", async () => {
    const chat = await world.openChat();
    const { letter } = await deadMessage(chat);
    expect(letter).toMatchObject({ service: "enclave-inference", tenantId: idToHex(world.tenant.tenantId) });
    const { stdout, exitCode } = await cli("show", letter.id);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("MODEL_REFUSED")]);
    expect(stdout).toContain(`conversationId  ${idToHex(chat.id)}`);
    expect(stdout).toMatch(/\n {2}[A-Z].*\. [A-Z]/u);
    expect(stdout + (await cli("list")).stdout).not.toMatch(/Skagerrak|choke/u);
    await cli("drop", letter.id, "--yes");
  });

  it("has a message answered exactly once when it is redriven after the cause is mended", async () => {
    const chat = await world.openChat();
    const { causeIdHex, letter } = await deadMessage(chat);
    expect(await ofCause(chat, causeIdHex)).toEqual(["MODEL_REFUSED"]);
    isModelBroken = false;
    try {
      expect(await cli("redrive", letter.id)).toMatchObject({ exitCode: 0, stdout: "1 produced again.\n" });
      await world.idle();
      expect(await ofCause(chat, causeIdHex)).toEqual(["MODEL_REFUSED", "reply"]);
      expect(await cli("redrive", letter.id)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("DEAD_LETTER_MISSING"),
      });
      await world.idle();
      expect(await ofCause(chat, causeIdHex)).toEqual(["MODEL_REFUSED", "reply"]);
    } finally {
      isModelBroken = true;
    }
  });

  it("makes one letter again of what is still poison, and tells its reader nothing twice; so does a drop", async () => {
    const chat = await world.openChat();
    const { causeIdHex, letter } = await deadMessage(chat);
    await cli("redrive", "--service", "enclave-inference", "--code", "MODEL_REFUSED", "--yes");
    await eventually(async () => {
      const [again, ...others] = await listed();
      expect([again?.code, again?.id === letter.id, others]).toEqual(["MODEL_REFUSED", false, []]);
    });
    await world.idle();
    const [again] = await listed();
    expect(await cli("drop", again?.id ?? "")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("CONFIRMATION_REQUIRED"),
    });
    expect((await cli("drop", "--all", "--yes")).stdout).toBe("1 dropped.\n");
    await world.idle();
    expect([await listed(), await ofCause(chat, causeIdHex)]).toEqual([[], ["MODEL_REFUSED"]]);
    expect((await cli("list")).stdout).toBe("No dead letters.\n");
  });

  it("tells the reader of a dead letter of each service", async () => {
    const erased = await world.openChat();
    await world.erase(erased);
    const inbound = await erased.send("Do you remember me?");
    const chat = await world.openChat();
    const question = await deadMessage(chat);
    const { tenant, clock } = world;
    const policy = { version: 2, vectors: "none" as const };
    await world.client().applyPolicy(tenant.signed(tenant.policy(clock.nowMs(), policy)));
    clock.advance(60_001);
    const imported = await world.client().importKnowledge({
      admission: (keys) => tenant.admission(keys, clock.nowMs(), { kind: "kb" }),
      documents: [{ documentId: "d", title: "D", text: "Nowhere to keep me." }],
    });
    await world.idle();
    const codes = new Map((await listed()).map(({ service, code }) => [service, code]));
    expect(codes).toEqual(
      new Map([
        ["redaction", "KEY_DESTROYED"],
        ["enclave-inference", "MODEL_REFUSED"],
        ["embedding", "KNOWLEDGE_NOT_ALLOWED"],
      ]),
    );
    expect(await ofCause(erased, idToHex(inbound.messageId))).toEqual(["KEY_DESTROYED"]);
    expect(await ofCause(chat, question.causeIdHex)).toEqual(["MODEL_REFUSED"]);
    const kb = await world.mailbox({ id: imported.conversationId });
    expect(kb.map(({ kind, code }) => code ?? kind)).toEqual(["KNOWLEDGE_NOT_ALLOWED"]);
  });

  describe("its door", () => {
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(new URL(path, world.cloister.operations.address ?? ""), init);
    const authorization = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    const path = "/v1/operations/dead-letters";

    it.each(["", "/redaction-0-0", "/redrive", "/drop"])("stays shut without its token: %s", async (door) => {
      const method = door === "/redrive" || door === "/drop" ? "POST" : "GET";
      const tokens = ["A".repeat(43), world.cloister.ingest.accessToken.reveal()];
      for (const init of [{}, ...tokens.map(authorization)]) {
        const answer = await ask(path + door, { ...init, method });
        expect([answer.status, await answer.json()]).toMatchObject([401, { code: "OPERATIONS_TOKEN_WRONG" }]);
      }
    });

    it("refuses what is no id, filter or list with a sentence", async () => {
      const { headers } = authorization(world.cloister.operations.accessToken.reveal());
      const json = { ...headers, "content-type": "application/json" };
      const post = { method: "POST", headers: json, body: JSON.stringify({ ids: ["../keys"] }) };
      for (const answer of [
        await ask(`${path}/nonsense`, { headers }),
        await ask(`${path}?tenant=me`, { headers }),
        await ask(`${path}?limit=100000`, { headers }),
        await ask(`${path}/drop`, post),
      ]) {
        expect([answer.status, await answer.json()]).toMatchObject([400, { code: "OPERATION_MALFORMED" }]);
      }
      expect((await ask(`${path}/redaction-0-999999`, { headers })).status).toBe(404);
    });
  });
});
