import { describe, expect, it } from "@jest/globals";
import { StatementNames } from "../src/statement-names.ts";

const asked = (names: StatementNames, text: string, times = 8): string | undefined => {
  let name: string | undefined;
  for (let n = 0; n < times; n++) name = names.nameOf(text);
  return name;
};

const failure = (code: string, routine = ""): Error => Object.assign(new Error("…"), { code, routine });

describe("names of prepared statements", () => {
  it("are given to statements that come again and again, one each", () => {
    const names = new StatementNames();
    expect(asked(names, "select $1", 7)).toBeUndefined();
    const one = names.nameOf("select $1");
    expect(one).toMatch(/^cloister_0_[0-9a-f]{32}$/);
    expect(names.nameOf("select $1")).toBe(one);
    expect(asked(names, "select $2")).not.toBe(one);
  });

  it("are the same in every process, and never name two statements", () => {
    const [here, there] = [new StatementNames(), new StatementNames()];
    asked(there, "select $2");
    expect(asked(here, "select $1")).toBe(asked(there, "select $1"));
  });

  it("are bounded in number, and so is what is counted", () => {
    const names = new StatementNames();
    const given = Array.from({ length: 200 }, (_, n) => asked(names, `select $1 + ${n}`));
    expect(given.filter((name) => name !== undefined)).toHaveLength(128);
    const counting = new StatementNames();
    asked(counting, "first", 7);
    for (let n = 0; n < 1_024; n++) counting.nameOf(`select $1 + ${n}`);
    expect(counting.nameOf("first")).toBeUndefined();
  });

  it("are not given to the long statements of large batches", () => {
    const names = new StatementNames();
    expect(asked(names, "select $1".padEnd(4_096))).toBeDefined();
    expect(asked(names, "select $1".padEnd(4_097))).toBeUndefined();
  });

  it("are new ones after a migration changed what a statement returns", () => {
    const names = new StatementNames();
    const before = asked(names, "select $1");
    names.failed(failure("0A000", "RevalidateCachedQuery"));
    expect(names.nameOf("select $1")).toBeUndefined();
    expect([undefined, before]).not.toContain(asked(names, "select $1"));
  });

  it.each(["26000", "42P05"])("are given up where sessions are not our own (%s)", (code) => {
    const names = new StatementNames();
    asked(names, "select $1");
    names.failed(failure(code));
    expect(asked(names, "select $1")).toBeUndefined();
  });

  it("stay after a failure that they have no part in", () => {
    const names = new StatementNames();
    const before = asked(names, "select $1");
    names.failed(failure("23505"));
    names.failed(failure("0A000", "transformFromClause"));
    expect(names.nameOf("select $1")).toBe(before);
  });
});
