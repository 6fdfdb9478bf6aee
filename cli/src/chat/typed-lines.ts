import { addAbortSignal } from "node:stream";
import { createInterface } from "node:readline";
import { lineBatches } from "../line-batches.ts";
import { isInteractive, type Terminal } from "../terminal.ts";

/** Twice what a message may have, so that it is the SDK that says what is too long. */
const mostLineBytes = 512 * 1024;

/**
 * The lines that a person types, or that come through a pipe, without the empty ones. Undefined stands for a line that
 * can't be read: far too long, or no UTF-8. Ends with the input, or when `interrupt` is aborted; Ctrl-C aborts it.
 */
export async function* typedLines(
  terminal: Terminal,
  interrupt: AbortController,
): AsyncGenerator<string | undefined, void, void> {
  const lines = isInteractive(terminal.stdin) ? prompted(terminal, interrupt) : piped(terminal, interrupt.signal);
  for await (const line of lines) {
    if (line?.trim() !== "") yield line;
  }
}

async function* prompted({ stdin, stdout, stderr }: Terminal, interrupt: AbortController): AsyncGenerator<string> {
  const output = isInteractive(stdout) ? stdout : stderr;
  const reader = createInterface({ input: stdin, output, terminal: true, prompt: "> ", signal: interrupt.signal });
  // Node gives no signal while readline reads the keys of a terminal.
  reader.once("SIGINT", () => {
    interrupt.abort();
  });
  try {
    reader.prompt();
    for await (const line of reader) {
      yield line;
      reader.prompt();
    }
    // The shell's own prompt belongs on a line of its own.
    output.write("\n");
  } finally {
    reader.close();
  }
}

async function* piped({ stdin }: Terminal, signal: AbortSignal): AsyncGenerator<string | undefined> {
  try {
    addAbortSignal(signal, stdin);
    for await (const batch of lineBatches(stdin, mostLineBytes)) {
      for (const line of batch) yield line === undefined ? undefined : decoded(line);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function decoded(line: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(line).replace(/\r$/u, "");
  } catch {
    return undefined;
  }
}
