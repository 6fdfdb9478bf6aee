import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { writeSecretFile } from "../src/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-secret-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a file with a secret", () => {
  it("is its owner's alone, also where everybody could read the one before", async () => {
    const path = join(folder, "token");
    await writeFile(path, "old", { mode: 0o644 });
    await writeSecretFile(path, "new");
    expect([await readFile(path, "utf8"), (await stat(path)).mode & 0o777]).toEqual(["new", 0o600]);
  });

  it("leaves no draft behind, written or not", async () => {
    const taken = join(folder, "taken");
    await mkdir(join(taken, "inside"), { recursive: true });
    await expect(writeSecretFile(taken, "new")).rejects.toThrow();
    await writeSecretFile(join(folder, "token"), "newer");
    expect(await readdir(folder)).toEqual(["taken", "token"]);
  });
});
