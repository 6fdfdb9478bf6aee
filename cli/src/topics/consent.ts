import { CliError } from "../cli-error.ts";
import { confirmed } from "../policy/confirm.ts";
import { isInteractive, type Terminal } from "../terminal.ts";

export interface ConsentFlags {
  readonly yes?: true;
  readonly json?: true;
}

/**
 * Whether the plan that was shown may be carried out: --yes, or a person who says so. False when nobody can be asked.
 * @throws CliError NOT_CONFIRMED when the answer was no
 */
export async function isAgreed(question: string, flags: ConsentFlags, terminal: Terminal): Promise<boolean> {
  if (flags.yes === true) return true;
  if (flags.json === true || !isInteractive(terminal.stdin)) return false;
  if (await confirmed(question, terminal)) return true;
  throw new CliError("NOT_CONFIRMED", "Nothing was changed: it was not confirmed.");
}
