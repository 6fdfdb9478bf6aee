import chalk from "chalk";
import type { Policy } from "@cloister/policy";
import { policyChanges, type Effect, type PolicyChange } from "@cloister/policy/changes";
import { hexOf, printable } from "../terminal.ts";

/** Two policies and what lies between them. */
export interface Comparison {
  readonly before: Policy;
  readonly after: Policy;
  readonly changes: readonly PolicyChange[];
  /** The later one protects less in something, or may. */
  readonly isWeaker: boolean;
}

export function compare(before: Policy, after: Policy): Comparison {
  const changes = policyChanges(before, after);
  return { before, after, changes, isWeaker: changes.some(({ effect }) => effect === "weakens") };
}

const headings: readonly (readonly [Effect, string])[] = [
  ["weakens", chalk.red.bold("Weakens protection, or may")],
  ["strengthens", chalk.green.bold("Strengthens protection")],
  ["changes", chalk.bold("Besides")],
];

/** For a person: what weakens protection comes first. */
export function changeLines({ before, after, changes }: Comparison): string[] {
  const title = `From policy ${before.version} to ${after.version} of tenant ${hexOf(after.tenantId)}`;
  if (changes.length === 0) return [chalk.bold(title), "Both say the same."];
  return [chalk.bold(title), ...headings.flatMap(([effect, heading]) => section(effect, heading, changes))];
}

function section(effect: Effect, heading: string, changes: readonly PolicyChange[]): string[] {
  const sentences = changes.filter((change) => change.effect === effect).map(({ sentence }) => sentence);
  return sentences.length === 0 ? [] : ["", heading, ...sentences.map((sentence) => `- ${printable(sentence)}`)];
}

/** For a program. */
export function changeJson({ before, after, changes, isWeaker }: Comparison): Readonly<Record<string, unknown>> {
  return { tenantId: hexOf(after.tenantId), from: before.version, to: after.version, isWeaker, changes };
}
