import { isInteractive, printable, type Terminal } from "../terminal.ts";
import type { BrokenDocument } from "./document-files.ts";

const EVERY = 10;
const CLEAR_LINE = "\r\u001b[K";

/** Counts what was sent, shows the count where a person watches, and names what is broken as soon as it is found. */
export class ImportProgress {
  readonly #terminal: Terminal;
  readonly #broken: BrokenDocument[] = [];
  #imported = 0;
  #resumed = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get imported(): number {
    return this.#imported;
  }

  /** Sent by an interrupted import before. */
  get resumed(): number {
    return this.#resumed;
  }

  get broken(): readonly BrokenDocument[] {
    return this.#broken;
  }

  addImported(): void {
    this.#imported++;
    this.#count();
  }

  addResumed(): void {
    this.#resumed++;
    this.#count();
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

  #count(): void {
    if ((this.#imported + this.#resumed) % EVERY !== 1) return;
    const before = this.#resumed === 0 ? "" : `, ${this.#resumed} before`;
    this.#show(`${CLEAR_LINE}${this.#imported} sent${before}`);
  }

  #show(text: string): void {
    if (isInteractive(this.#terminal.stderr)) this.#terminal.stderr.write(text);
  }
}
