import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { deepModelFolder, measureNamesModel } from "@cloister/deep-names";

// What it finds is tested in services/redaction, where it reads in a thread of its own.

describe("the model of depth deep", () => {
  it("is the one that its card describes", async () => {
    const card = await readFile(join(deepModelFolder, "..", "MODEL_CARD.md"), "utf8");
    const { digestHex } = await measureNamesModel(deepModelFolder);
    expect(card).toContain(digestHex);
  });

  it("has at most 25 MB", async () => {
    const names = ["model.onnx", "tokenizer.json", "config.json"];
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(deepModelFolder, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(25_000_000);
  });
});
