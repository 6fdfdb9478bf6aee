import { describe, expect, it } from "@jest/globals";
import { lintAt, lintTypedAt } from "./lint-text.ts";

interface Rule {
  sentence: string;
  rule: string;
  forbidden: [path: string, text: string][];
  allowed: [path: string, text: string][];
}

const step = "services/ingest/src/step.ts";

const untyped: Rule[] = [
  {
    sentence: "a clock that can be moved exists in embedded only",
    rule: "no-restricted-syntax",
    forbidden: [
      [step, `export class Later implements Clock {}`],
      ["libs/messaging/src/relay.ts", `export const later: Clock = { nowMs: () => 0, monotonicMs: () => 0 };`],
    ],
    allowed: [
      ["embedded/src/movable-clock.ts", `export class MovableClock implements Clock {}`],
      ["services/ingest/test/step.test.ts", `export const later: Clock = { nowMs: () => 0, monotonicMs: () => 0 };`],
    ],
  },
  {
    sentence: "time comes from the Clock port",
    rule: "no-restricted-properties",
    forbidden: [
      [step, `export const now = Date.now();`],
      ["libs/envelope/src/seal.ts", `export const id = Math.random();`],
    ],
    allowed: [
      ["libs/service/src/clock.ts", `export const now = Date.now();`],
      ["bench/run.ts", `export const now = performance.now();`],
    ],
  },
  {
    sentence: "the current time is not read through `new Date()`",
    rule: "no-restricted-syntax",
    forbidden: [[step, `export const now = new Date();`]],
    allowed: [[step, `export const start = new Date(0);`]],
  },
  {
    sentence: "only programs for people print to the console",
    rule: "no-console",
    forbidden: [
      [step, `console.log("x");`],
      ["embedded/src/serve.ts", `console.error("x");`],
    ],
    allowed: [
      ["cli/src/main.ts", `console.log("x");`],
      ["embedded/src/demo/main.ts", `console.log("x");`],
      ["bench/run.ts", `console.log("x");`],
    ],
  },
  {
    sentence: "pure libraries reach nothing through globals",
    rule: "no-restricted-globals",
    forbidden: [["libs/policy/src/note.ts", `export const y = fetch("https://example.org");`]],
    allowed: [["libs/client/src/http.ts", `export const y = fetch("https://example.org");`]],
  },
  {
    sentence: "a type assertion has its proof beside it",
    rule: "cloister/proved-assertion",
    forbidden: [[step, `export const y = JSON.parse("1") as number;`]],
    allowed: [
      [step, `// The text is a number.\nexport const y = JSON.parse("1") as number;`],
      [step, `export const y = ["a"] as const;`],
    ],
  },
  {
    sentence: "imports run in no cycle",
    rule: "import-x/no-cycle",
    forbidden: [["scripts/lint/workspaces.ts", `import { placeOf } from "./layers.ts";\nexport const y = placeOf;`]],
    allowed: [
      ["scripts/lint/layers.ts", `import { workspaces } from "./workspaces.ts";\nexport const y = workspaces;`],
    ],
  },
  {
    sentence: "types are imported as types",
    rule: "@typescript-eslint/consistent-type-imports",
    forbidden: [[step, `import { X } from "./x.ts";\nexport type Y = X;`]],
    allowed: [[step, `import type { X } from "./x.ts";\nexport type Y = X;`]],
  },
  {
    sentence: "`any` is refused",
    rule: "@typescript-eslint/no-explicit-any",
    forbidden: [[step, `export type Y = any;`]],
    allowed: [[step, `export type Y = unknown;`]],
  },
  {
    sentence: "`!` is refused",
    rule: "@typescript-eslint/no-non-null-assertion",
    forbidden: [[step, `export const y = [1][0]!;`]],
    allowed: [[step, `export const y = [1][0] ?? 0;`]],
  },
];

/** An existing file of the program, whose text is replaced in memory. */
const member = "libs/service/src/index.ts";

const typed: Rule[] = [
  {
    sentence: "a promise is awaited, returned or handled",
    rule: "@typescript-eslint/no-floating-promises",
    forbidden: [[member, `export function y(): void { Promise.resolve(1); }`]],
    allowed: [[member, `export async function y(): Promise<void> { await Promise.resolve(1); }`]],
  },
  {
    sentence: "a promise is no condition",
    rule: "@typescript-eslint/no-misused-promises",
    forbidden: [[member, `export const y = (x: Promise<boolean>): number => (x ? 1 : 0);`]],
    allowed: [[member, `export const y = async (x: Promise<boolean>): Promise<number> => ((await x) ? 1 : 0);`]],
  },
  {
    sentence: "a switch over a union is exhaustive",
    rule: "@typescript-eslint/switch-exhaustiveness-check",
    forbidden: [[member, `export function y(x: "a" | "b"): number { switch (x) { case "a": return 1; } return 2; }`]],
    allowed: [
      [member, `export function y(x: "a" | "b"): number { switch (x) { case "a": return 1; case "b": return 2; } }`],
    ],
  },
];

describe.each(untyped)("$sentence", ({ rule, forbidden, allowed }) => {
  it.each(forbidden)("reports in %s: %s", async (path, text) => {
    expect(await lintAt(path, `${text}\n`)).toContain(rule);
  });

  it.each(allowed)("allows in %s: %s", async (path, text) => {
    expect(await lintAt(path, `${text}\n`)).not.toContain(rule);
  });
});

describe.each(typed)("$sentence", ({ rule, forbidden, allowed }) => {
  it.each(forbidden)("reports in %s: %s", async (path, text) => {
    expect(await lintTypedAt(path, `${text}\n`)).toContain(rule);
  });

  it.each(allowed)("allows in %s: %s", async (path, text) => {
    expect(await lintTypedAt(path, `${text}\n`)).not.toContain(rule);
  });
});

describe("plaintext is never logged", () => {
  const rule = "cloister/no-logged-plaintext";
  const logging = (logged: string): string => `import { Plaintext } from "./plaintext.ts";
interface Message { id: string; text: Plaintext }
interface Logger { info(...fields: unknown[]): void }
export function report(logger: Logger, message: Message, texts: Plaintext[]): void {
  logger.info(${logged});
}
`;

  it.each([
    "message.text",
    "message",
    "texts",
    "{ id: message.id, text: message.text }",
    "`got ${message.text.reveal()}`",
    "message.text.reveal().slice(0, 9)",
    "String(message.text)",
    "...texts",
  ])("reports logger.info(%s)", async (logged) => {
    expect(await lintTypedAt(member, logging(logged))).toContain(rule);
  });

  it.each(["{ id: message.id }", "message.text.reveal().length", "texts.length"])(
    "allows logger.info(%s)",
    async (logged) => {
      expect(await lintTypedAt(member, logging(logged))).not.toContain(rule);
    },
  );
});
