import { isInteractive, printable, type Terminal } from "../terminal.ts";
import type { BrokenDocument } from "./document-files.ts";

const EVERY = 10;
const CLEAR_LINE = "\r\u001b[K";

/** Counts what was sent, shows the count where a person watches, and names what is broken as soon as it is found. */
export class ImportProgress {
  readonly #terminal: Terminal;
  readonly #broken: BrokenDocument[] = [];
  #imported = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get imported(): number {
    return this.#imported;
  }

  get broken(): readonly BrokenDocument[] {
    return this.#broken;
  }

  addImported(): void {
    this.#imported++;
    if (this.#imported % EVERY === 1) this.#show(`${CLEAR_LINE}${this.#imported} sent`);
  }

  addBroken(broken: BrokenDocument): void {
    const { file, line, reason } = broken;
    this.#broken.push({ file, reason, ...(line !== undefined && { line }) });
    this.#show(CLEAR_LINE);
    this.#terminal.stderr.write(`${printable(file)}${line === undefined ? "" : `, line ${line}`}: ${reason}\n`);
  }

  /** Leaves the line for what comes after. */
  end(): void {
    this.#show(CLEAR_LINE);
  }

  #show(text: string): void {
    if (isInteractive(this.#terminal.stderr)) this.#terminal.stderr.write(text);
  }
}
