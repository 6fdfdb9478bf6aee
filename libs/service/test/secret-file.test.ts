import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readSecretFile, writeSecretFile } from "../src/index.ts";

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

  it("is read as it was written, without the space around it", async () => {
    await writeSecretFile(join(folder, "token"), " secret\n");
    expect(await readSecretFile(join(folder, "token"))).toBe("secret");
  });

  it.each([0o640, 0o604, 0o610, 0o666])("is not read with mode %o", async (mode) => {
    const path = join(folder, "token");
    await writeSecretFile(path, "secret");
    await chmod(path, mode);
    await expect(readSecretFile(path)).rejects.toMatchObject({ code: "SECRET_FILE_OPEN" });
  });

  it("is refused when it is missing or empty", async () => {
    const empty = join(folder, "token");
    await writeSecretFile(empty, "\n");
    for (const path of [empty, join(folder, "missing")]) {
      await expect(readSecretFile(path)).rejects.toMatchObject({ code: "SECRET_FILE_UNREADABLE" });
    }
  });

  it("leaves no draft behind, written or not", async () => {
    const taken = join(folder, "taken");
    await mkdir(join(taken, "inside"), { recursive: true });
    await expect(writeSecretFile(taken, "new")).rejects.toThrow();
    await writeSecretFile(join(folder, "token"), "newer");
    expect(await readdir(folder)).toEqual(["taken", "token"]);
  });
});
