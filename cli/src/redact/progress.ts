import type { Writable } from "node:stream";
import { isInteractive } from "../terminal.ts";

/** Shorter ones are done before anybody could read it. */
const fewestBytes = 2 * 1024 * 1024;
const clearLine = "\r\u001B[2K";

/** How much of a long file is done, in one line that a terminal overwrites; nothing where nobody looks. */
export class RedactProgress {
  readonly #stream: Writable;
  readonly #totalBytes: number;
  #doneBytes = 0;
  #shown = -1;

  private constructor(stream: Writable, totalBytes: number) {
    this.#stream = stream;
    this.#totalBytes = totalBytes;
  }

  /** `totalBytes` is undefined for an input without end, such as a pipe. */
  static on(stream: Writable, totalBytes: number | undefined): RedactProgress | undefined {
    const isWorthIt = totalBytes !== undefined && totalBytes >= fewestBytes && isInteractive(stream);
    return isWorthIt ? new RedactProgress(stream, totalBytes) : undefined;
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    const percent = Math.min(100, Math.floor((100 * this.#doneBytes) / this.#totalBytes));
    if (percent === this.#shown) return;
    this.#shown = percent;
    this.#stream.write(`${clearLine}${percent} % of ${Math.ceil(this.#totalBytes / 1_048_576)} MiB`);
  }

  end(): void {
    if (this.#shown >= 0) this.#stream.write(clearLine);
  }
}
