import { describe, expect, it } from "@jest/globals";
import { VerifiedOnce } from "../../src/formats/tdx/verified-once.ts";

describe("what was verified once", () => {
  it("isn't verified again, as long as nothing that it depends on changes", async () => {
    const once = new VerifiedOnce<number>();
    let count = 0;
    const verify = async () => ++count;
    expect([await once.get(["a", "b"], verify), await once.get(["a", "b"], verify), count]).toEqual([1, 1, 1]);
    expect([await once.get(["ab"], verify), await once.get(["a", "c"], verify)]).toEqual([2, 3]);
  });

  it("is forgotten when it is the one that was used the longest ago of too many", async () => {
    const once = new VerifiedOnce<string>(2);
    const made: string[] = [];
    const use = (name: string) =>
      once.get([name], async () => {
        made.push(name);
        return name;
      });
    for (const name of ["a", "b", "a", "c", "a", "b"]) await use(name);
    expect(made).toEqual(["a", "b", "c", "b"]);
  });

  it("is verified again when it failed", async () => {
    const once = new VerifiedOnce<string>();
    await expect(once.get(["a"], () => Promise.reject(new Error("not yet")))).rejects.toThrow("not yet");
    expect(await once.get(["a"], async () => "now")).toBe("now");
  });
});
