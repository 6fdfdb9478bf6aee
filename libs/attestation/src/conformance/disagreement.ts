import * as z from "zod/mini";
import { caseExit } from "./case-outcome.ts";
import { verifyCase } from "./verify-case.ts";

const expectedSchema = z.object({
  accepted: z.boolean(),
  outputs: z.optional(z.record(z.string(), z.unknown())),
  rejection: z.optional(z.object({ code: z.union([z.string(), z.array(z.string())]) })),
});

/**
 * Verifies a case and compares it with its `expected.json`: accepted or not, the code (one of those that are named), and
 * each output that is named. Outputs beyond those are no disagreement.
 * @returns a sentence about the first difference, undefined if there is none.
 */
export async function disagreementOf(
  input: unknown,
  expectedJson: unknown,
  nowMs: number,
): Promise<string | undefined> {
  const expected = expectedSchema.safeParse(expectedJson);
  if (!expected.success) return "its expected.json is none";
  const { accepted, outputs, rejection } = expected.data;
  const outcome = await verifyCase(input, nowMs);
  const actual = outcome.output;
  if (actual.accepted !== accepted) {
    const found = actual.rejection ? `rejected (${actual.rejection.code})` : "accepted";
    return `expected ${accepted ? "accepted" : `rejected (${String(rejection?.code)})`}, found ${found}`;
  }
  if (accepted) return outputs && differenceOf(actual.outputs, outputs, "outputs");
  const codes = [rejection?.code ?? []].flat();
  const code = actual.rejection?.code ?? "";
  if (codes.length === 0) return undefined;
  if (!codes.includes(code)) return `expected ${codes.join(" or ")}, found ${code}`;
  return outcome.exitCode === caseExit.rejected ? undefined : `exits with ${String(outcome.exitCode)}`;
}

function differenceOf(actual: unknown, expected: unknown, name: string): string | undefined {
  if (typeof expected !== "object" || expected === null) {
    return Object.is(actual, expected) ? undefined : `${name}: expected ${String(expected)}, found ${String(actual)}`;
  }
  if (typeof actual !== "object" || actual === null) return `${name} is missing`;
  const fields = new Map<string, unknown>(Object.entries(actual));
  for (const [key, value] of Object.entries(expected)) {
    const difference = differenceOf(fields.get(key), value, `${name}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
