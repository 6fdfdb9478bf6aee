import { describe, expect, it } from "@jest/globals";
import { inspect } from "node:util";
import { CodedError, createLog, Plaintext, Secret, type Log } from "@cloister/service";

class OurError extends CodedError<"OURS"> {}

function captured(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { log: createLog({ service: "toy", destination: { write } }), lines };
}

describe("a log", () => {
  it("prints its message, its service and the allowed fields", () => {
    const { log, lines } = captured();
    log.info("a batch was handled", { topic: "chat.inbound.v1", count: 3 });
    expect(lines[0]).toMatchObject({
      level: "info",
      service: "toy",
      msg: "a batch was handled",
      topic: "chat.inbound.v1",
      count: 3,
    });
  });

  it("drops a field that is not allowed, however it got there", () => {
    const { log, lines } = captured();
    const fields = { count: 1, text: "Alice" };
    log.info("a batch was handled", fields);
    expect(JSON.stringify(lines)).not.toContain("Alice");
  });

  it("drops a value that is not an id, a name or a code", () => {
    const { log, lines } = captured();
    log.info("a batch was handled", { code: "my name is Alice" });
    expect(lines[0]).toMatchObject({ code: "[dropped]" });
  });

  it("prints an unknown error's code and nothing that it says", () => {
    const { log, lines } = captured();
    log.error("it failed", { error: Object.assign(new Error("Alice"), { code: "ECONNRESET" }) });
    expect(lines[0]?.["error"]).toEqual({ code: "ECONNRESET" });
  });

  it("prints our own error's sentence and its cause's code", () => {
    const { log, lines } = captured();
    log.error("it failed", { error: new OurError("OURS", "the disk is full", { cause: new Error("Alice") }) });
    expect(lines[0]?.["error"]).toEqual({ code: "OURS", message: "the disk is full", cause: "UNEXPECTED" });
  });

  it("takes a code that is a sentence for no code", () => {
    const { log, lines } = captured();
    log.error("it failed", { error: { code: "my name is Alice" } });
    expect(lines[0]?.["error"]).toEqual({ code: "UNEXPECTED" });
  });
});

describe("a message with data in it", () => {
  it("does not compile", () => {
    const { log, lines } = captured();
    const name = ["Ali", "ce"].join("");
    // @ts-expect-error a message that is not a literal
    log.info(name);
    // @ts-expect-error a template with data
    log.info(`hello ${name}`);
    expect(lines).toHaveLength(2);
  });
});

describe.each([
  ["Plaintext", new Plaintext("Alice"), "[plaintext]"],
  ["Secret", new Secret("Alice"), "[secret]"],
])("%s", (_, value, label) => {
  it.each([
    ["String", String],
    ["a template", (one: unknown) => `<${String(one)}>`.slice(1, -1)],
    ["JSON", (one: unknown) => JSON.parse(JSON.stringify(one)) as unknown],
    ["inspect", (one: unknown) => inspect(one)],
  ])("prints a label through %s", (_way, print) => {
    expect(print(value)).toBe(label);
  });

  it("gives its value to who asks for it", () => {
    expect(value.reveal()).toBe("Alice");
  });
});
