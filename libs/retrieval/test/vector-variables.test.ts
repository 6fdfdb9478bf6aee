import { afterAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@cloister/service";
import { openDatabase } from "@cloister/storage";
import {
  passageReaderFromEnvironment,
  vectorIndexFromEnvironment,
  vectorsToEndFromEnvironment,
  vectorVariables,
} from "../src/vector-variables.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-vectors-"));
const keyFile = join(folder, "key");
writeFileSync(keyFile, "a key\n", { mode: 0o600 });
afterAll(() => rmSync(folder, { recursive: true }));

const config = defineConfig(vectorVariables);
const model = { name: "a model", dimension: 4 };

/** Nothing is asked of the database: it is connected to on first use. */
async function chosen(environment: Record<string, string>) {
  const db = await openDatabase({ engine: "postgres", url: "postgresql://nobody@127.0.0.1:1/none" });
  const parsed = config.parse(environment);
  return {
    index: await vectorIndexFromEnvironment(parsed, db, model),
    reader: await passageReaderFromEnvironment(parsed, db),
    toEnd: await vectorsToEndFromEnvironment(parsed, db),
  };
}

const qdrant = { CLOISTER_VECTORS: "qdrant", CLOISTER_QDRANT_URL: "https://qdrant.example:6333" };

describe("the environment's choice of a store", () => {
  it("is to keep vectors sealed, unless it says otherwise", async () => {
    const { index, toEnd } = await chosen({});
    expect([index.protectedIn, toEnd]).toEqual([undefined, {}]);
  });

  it("gives embedding, inference and retention the same store", async () => {
    const { index, toEnd } = await chosen({ ...qdrant, CLOISTER_QDRANT_API_KEY_FILE: keyFile });
    expect([index.protectedIn, toEnd.buckets?.table]).toEqual(["qdrant", "qdrant.protected_vectors"]);
  });

  it("is refused with a sentence when Qdrant has no address, or its key would travel in clear", async () => {
    await expect(chosen({ CLOISTER_VECTORS: "qdrant" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const inClear = { ...qdrant, CLOISTER_QDRANT_URL: "http://qdrant.example:6333" };
    await expect(chosen({ ...inClear, CLOISTER_QDRANT_API_KEY_FILE: keyFile })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });

  it("never opens a key file that others can read", async () => {
    const open = join(folder, "open");
    writeFileSync(open, "a key\n", { mode: 0o644 });
    const choice = chosen({ ...qdrant, CLOISTER_QDRANT_API_KEY_FILE: open });
    await expect(choice).rejects.toMatchObject({ code: "SECRET_FILE_OPEN" });
  });
});
