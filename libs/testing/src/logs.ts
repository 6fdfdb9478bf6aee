import { createLog, type Log } from "@cloister/service";

/** A real log whose lines of JSON a test can read. */
export function capturedLog(service = "test"): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ service, level: "debug", destination }), lines };
}

export const silentLog: Log = createLog({ service: "test", level: "silent" });
