import { systemClock } from "@cloister/service";
import { InvalidArgumentError, type Command } from "commander";
import { tenantIdFrom } from "../token/tenant-choice.ts";
import type { Choice } from "./letters.ts";

export interface ChoiceFlags {
  readonly service?: string;
  readonly tenant?: string;
  readonly code?: string;
  readonly olderThan?: number;
}

export function addChoiceOptions(command: Command): Command {
  return command
    .option("--service <name>", "of one service, such as redaction or enclave-inference")
    .option("--tenant <folder|id>", "of one tenant, by its folder or id")
    .option("--code <code>", "with one code, such as KEY_DESTROYED")
    .option("--older-than <time>", "dead for so long, such as 30m, 12h or 2d", ageMs);
}

export async function choiceOf({ service, tenant, code, olderThan }: ChoiceFlags): Promise<Choice> {
  return {
    ...(service !== undefined && { service }),
    ...(tenant !== undefined && { tenantIdHex: await tenantIdFrom(tenant) }),
    ...(code !== undefined && { code }),
    ...(olderThan !== undefined && { untilMs: systemClock.nowMs() - olderThan }),
  };
}

export const isChoice = (choice: Choice): boolean => Object.keys(choice).length > 0;

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function ageMs(text: string): number {
  const [, count, unit] = /^(\d{1,6})(m|h|d)$/u.exec(text) ?? [];
  if (count === undefined || (unit !== "m" && unit !== "h" && unit !== "d")) {
    throw new InvalidArgumentError("Say how long, in minutes, hours or days, such as 30m, 12h or 2d.");
  }
  return Number(count) * unitMs[unit];
}
