import type { Readable, Writable } from "node:stream";

/** Where a command reads and writes; `process` is one. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
}

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

/** Whether a person sits at this stream. */
export const isInteractive = (stream: object): boolean => "isTTY" in stream && stream.isTTY === true;

/** Text of others for the terminal: control characters, which could move its cursor or set its title, are shown as U+FFFD. */
export const printable = (text: string): string => text.replace(/(?![\n\t])\p{Cc}/gu, "\u{fffd}");
