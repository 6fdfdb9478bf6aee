import { InvalidArgumentError } from "commander";

const unitMs = { h: 60 * 60 * 1_000, d: 24 * 60 * 60 * 1_000 } as const;

/** `30d` or `12h` in milliseconds. @throws InvalidArgumentError */
export function lifeMs(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})(h|d)$/.exec(text) ?? [];
  if (count === undefined || (unit !== "h" && unit !== "d")) {
    throw new InvalidArgumentError("Say how long, in hours or days, such as 12h or 90d.");
  }
  return Number(count) * unitMs[unit];
}
