import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { loadSimulatedRoot, measureService } from "@cloister/keyring/development";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-evidence-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the simulated root's file", () => {
  it("is made for its owner alone and holds the same root ever after, also for two that start at once", async () => {
    const path = join(folder, "data", "simulated-root");
    const roots = await Promise.all([loadSimulatedRoot(path), loadSimulatedRoot(path)]);
    const again = await loadSimulatedRoot(path);
    const texts = [...roots, again].map((root) => Buffer.from(root.publicKey).toString("hex"));
    expect(new Set(texts).size).toBe(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is refused when others may read it, or when it holds something else", async () => {
    const path = join(folder, "simulated-root");
    await loadSimulatedRoot(path);
    await chmod(path, 0o644);
    await expect(loadSimulatedRoot(path)).rejects.toMatchObject({ code: "EVIDENCE_REJECTED" });
    const damaged = join(folder, "damaged");
    await writeFile(damaged, "no root", { mode: 0o600 });
    await expect(loadSimulatedRoot(damaged)).rejects.toMatchObject({ code: "EVIDENCE_REJECTED" });
  });
});

describe("the measurement of a service", () => {
  it("changes with a file's bytes, its name and the role, and with nothing that doesn't run", async () => {
    const measure = async (role: "keys" | "redaction" = "keys") =>
      Buffer.from(await measureService(role, folder)).toString("hex");
    await mkdir(join(folder, "steps"));
    await writeFile(join(folder, "main.js"), "1");
    await writeFile(join(folder, "steps", "open.js"), "2");
    const first = await measure();
    await writeFile(join(folder, "main.d.ts"), "declare");
    await writeFile(join(folder, "main.js.map"), "{}");
    expect(await measure()).toBe(first);
    expect(await measure("redaction")).not.toBe(first);
    await writeFile(join(folder, "steps", "open.js"), "3");
    const changed = await measure();
    await writeFile(join(folder, "steps", "close.js"), "");
    expect(new Set([first, changed, await measure()]).size).toBe(3);
  });
});
