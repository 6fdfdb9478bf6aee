import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { withOperations } from "@cloister/messaging/operations";
import { silentLog } from "@cloister/testing";
import { answer } from "./toy-service.ts";
import { ToyWorld } from "./toy-world.ts";

jest.setTimeout(60_000);

const token = "operations-token-of-32-characters";

let world: ToyWorld;
let folder: string;

beforeAll(async () => {
  world = await ToyWorld.open();
  folder = await mkdtemp(join(tmpdir(), "cloister-operations-"));
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

/** The toy, as a process of its own would start it: with a port of its own for operations, or none. */
async function start(operationsPort: number | undefined, content?: string) {
  await world.stop();
  await world.start(({ records }) => Promise.resolve(records.map((one) => answer(`${world.name}.out`, one))));
  const operationsTokenFile = content === undefined ? undefined : join(folder, "token");
  if (operationsTokenFile !== undefined) await writeFile(operationsTokenFile, content ?? "", { mode: 0o600 });
  const toy = { ...world.toy, deadLetters: [world.toy.deadLetters] };
  const config = { operationsHost: "127.0.0.1", operationsPort, operationsTokenFile };
  return { toy, running: withOperations(toy, config, { clock: world.clock, log: silentLog }) };
}

describe("a service's operations door", () => {
  it("is not there unless a port is configured", async () => {
    const { toy, running } = await start(undefined);
    expect(await running).toBe(toy);
  });

  it("opens with the content of its token file, and ends with its service", async () => {
    const { running } = await start(0, `${token}\n`);
    const service = await running;
    expect(service.isReady()).toBe(true);
    await service.close();
    expect(world.toy.isReady()).toBe(false);
  });

  it.each([
    ["no token file", undefined],
    ["a token that can be guessed", "short"],
    ["an empty token file", ""],
  ])("lets the service not start with %s", async (_, content) => {
    const { running } = await start(0, content);
    await expect(running).rejects.toMatchObject({ code: expect.stringMatching(/CONFIG_INVALID|SECRET_FILE/u) });
    expect(world.toy.isReady()).toBe(false);
  });
});
