import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { FakeClock } from "@cloister/testing";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-machine-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the simulated root's file", () => {
  it("is made for its owner alone and holds the same root ever after, also for two that start at once", async () => {
    const file = join(folder, "simulated-root");
    const machines = await Promise.all([SimulatedMachine.open(file), SimulatedMachine.open(file)]);
    const all = [...machines, await SimulatedMachine.open(file)];
    const roots = all.map((machine) => Buffer.from(machine.rootPublicKey).toString("hex"));
    expect([new Set(roots).size, (await stat(file)).mode & 0o777]).toEqual([1, 0o600]);
  });

  it("is refused when others may read it, or when it holds something else", async () => {
    const file = join(folder, "simulated-root");
    await SimulatedMachine.open(file);
    await chmod(file, 0o644);
    await expect(SimulatedMachine.open(file)).rejects.toThrow("chmod 600");
    const damaged = join(folder, "damaged");
    await writeFile(damaged, "no root", { mode: 0o600 });
    await expect(SimulatedMachine.open(damaged)).rejects.toMatchObject({ code: "EVIDENCE_MALFORMED" });
  });
});

describe("the measurement of a service", () => {
  it("changes with a file's bytes, its name and the role, and with nothing that doesn't run", async () => {
    const code = join(folder, "code");
    await mkdir(join(code, "steps"), { recursive: true });
    const machine = await SimulatedMachine.open(join(folder, "simulated-root"));
    const measure = async (role: "keys" | "redaction" = "keys") => {
      const options = { code: pathToFileURL(`${code}/`), configuration: {}, clock: new FakeClock() };
      return Buffer.from((await machine.attest(role, options)).measurement).toString("hex");
    };
    await writeFile(join(code, "main.js"), "1");
    await writeFile(join(code, "steps", "open.js"), "2");
    const first = await measure();
    await writeFile(join(code, "main.d.ts"), "declare");
    await writeFile(join(code, "main.js.map"), "{}");
    expect(await measure()).toBe(first);
    expect(await measure("redaction")).not.toBe(first);
    await writeFile(join(code, "steps", "open.js"), "3");
    const changed = await measure();
    await writeFile(join(code, "steps", "close.js"), "");
    expect(new Set([first, changed, await measure()]).size).toBe(3);
  });
});
