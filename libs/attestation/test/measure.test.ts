import { describe, expect, it } from "@jest/globals";
import { measureFiles } from "@cloister/attestation/simulated";
import { utf8ToBytes } from "@noble/hashes/utils.js";

const main = { path: "main.js", bytes: utf8ToBytes("start()") };
const pipeline = { path: "steps/pipeline.js", bytes: utf8ToBytes("run()") };

describe("a measurement", () => {
  it("is the same in whatever order the files were read", () => {
    expect(measureFiles("keys", [pipeline, main])).toEqual(measureFiles("keys", [main, pipeline]));
  });

  it.each([
    ["role", () => measureFiles("embedding", [main, pipeline])],
    ["content", () => measureFiles("keys", [main, { ...pipeline, bytes: utf8ToBytes("run();") }])],
    ["path", () => measureFiles("keys", [main, { ...pipeline, path: "steps/pipeline2.js" }])],
    ["set of files", () => measureFiles("keys", [main])],
  ])("differs for another %s", (_name, measure) => {
    expect(measure()).not.toEqual(measureFiles("keys", [main, pipeline]));
  });

  it("refuses a path that comes twice", () => {
    expect(() => measureFiles("keys", [main, { ...pipeline, path: "main.js" }])).toThrow(RangeError);
  });
});
