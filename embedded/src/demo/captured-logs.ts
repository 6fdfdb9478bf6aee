import { createLog, type Log } from "@cloister/service";

/** Every line that any service logs, down to debug. */
export class CapturedLogs {
  readonly #lines = new Map<string, string[]>();

  logOf(service: string): Log {
    const lines = this.#lines.get(service) ?? [];
    this.#lines.set(service, lines);
    return createLog({ service, level: "debug", destination: { write: (line) => lines.push(line) } });
  }

  entries(): [service: string, lines: readonly string[]][] {
    return [...this.#lines];
  }
}
