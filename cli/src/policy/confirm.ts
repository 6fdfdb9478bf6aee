import { createInterface } from "node:readline";
import type { Terminal } from "../terminal.ts";

/** Asks the person at the terminal. Anything but yes is no; so are Ctrl-C and the end of the input. */
export function confirmed(question: string, terminal: Terminal): Promise<boolean> {
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr });
  return new Promise((resolve) => {
    lines.once("SIGINT", () => lines.close());
    lines.once("close", () => resolve(false));
    lines.question(`${question} [y/N] `, (answer) => {
      resolve(/^\s*y(es)?\s*$/iu.test(answer));
      lines.close();
    });
  });
}
