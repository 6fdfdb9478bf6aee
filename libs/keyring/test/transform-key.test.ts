import { describe, expect, it } from "@jest/globals";
import { inspect } from "node:util";
import { KeyringError } from "../src/errors.ts";
import { TransformKey } from "../src/transform-key.ts";

const vectorKey = (value: number): Uint8Array => new Uint8Array(32).fill(value);

/** Keeps a copy of what a key gives, to look at. */
function copied(key: TransformKey) {
  const made = { seed: "", isDestroyed: false, destroy: () => void (made.isDestroyed = true) };
  return key.make((seed) => {
    made.seed = Buffer.from(seed).toString("hex");
    return made;
  });
}

describe("a transform's key", () => {
  it("comes from the vector key by HKDF-SHA-256 under a label of its own", () => {
    expect(copied(new TransformKey(vectorKey(1))).seed).toBe(
      "6f5f085362a89977949c60803611fa55c0894cd851af1e8093593182f7dcea08",
    );
  });

  it("is another one for another vector key, and not that key itself", () => {
    const seeds = [1, 2].map((value) => copied(new TransformKey(vectorKey(value))).seed);
    expect(new Set([...seeds, Buffer.from(vectorKey(1)).toString("hex")]).size).toBe(3);
  });

  it("takes along what was made of it, and makes nothing more", () => {
    const key = new TransformKey(vectorKey(1));
    const made = copied(key);
    key.destroy();
    expect([made.isDestroyed, key.isDestroyed]).toEqual([true, true]);
    expect(() => copied(key)).toThrow(KeyringError);
  });

  it("shows nothing of itself", () => {
    const key = new TransformKey(vectorKey(1));
    expect([String(key), JSON.stringify(key), inspect(key)]).toEqual(["[key]", '"[key]"', "[key]"]);
  });
});
