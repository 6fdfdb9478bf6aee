import type { Streams } from "./redact.ts";

/** What a command sees of the process that it runs in; `process` is one. */
export interface Terminal extends Streams {
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function printLines(terminal: Terminal, lines: readonly string[]): void {
  terminal.stdout.write(`${lines.join("\n")}\n`);
}

/** One JSON document. Bytes have to be strings already. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export const timeText = (ms: number): string => new Date(ms).toISOString();

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
