import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { writeResult } from "../src/files.ts";

describe("a result that nobody gives twice", () => {
  let folder: string;
  const lost: Uint8Array[] = [];
  const keep = (work: () => Promise<Uint8Array>, path = join(folder, "result")): Promise<Uint8Array> =>
    writeResult(path, 0o600, { work, lost: (result) => lost.push(result) });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-result-"));
    lost.length = 0;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is written", async () => {
    await keep(async () => Buffer.from("receipt"));
    expect(await readFile(join(folder, "result"), "utf8")).toBe("receipt");
  });

  it.each([
    ["FILE_UNWRITABLE", "in a folder that isn't there", "nowhere/result"],
    ["FILE_EXISTS", "where a file is", "result"],
  ])("is not asked for when it can't be kept: %s %s", async (code, _where, name) => {
    await keep(async () => Buffer.from("first"));
    let isAsked = false;
    const asking = keep(
      async () => {
        isAsked = true;
        return Buffer.from("second");
      },
      join(folder, name),
    );
    await expect(asking).rejects.toMatchObject({ code });
    expect([isAsked, await readFile(join(folder, "result"), "utf8")]).toEqual([false, "first"]);
  });

  it("leaves its place free when it doesn't come", async () => {
    await expect(keep(async () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
    expect(await readdir(folder)).toEqual([]);
  });

  it("is shown when its place is gone by then", async () => {
    const asking = keep(async () => {
      await rm(folder, { recursive: true });
      return Buffer.from("receipt");
    });
    await expect(asking).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    expect(lost.map((result) => Buffer.from(result).toString())).toEqual(["receipt"]);
  });
});
