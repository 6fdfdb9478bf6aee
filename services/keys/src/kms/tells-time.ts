import type { Kek } from "./key-wrapper.ts";

/** A KMS whose answers say what time it has. */
export interface TellsTime {
  /** In ms since 1970, to the second; undefined when it doesn't say. @throws KmsError */
  kmsNowMs(kek: Kek): Promise<number | undefined>;
}

export function tellsTime<T extends object>(wrapper: T): wrapper is T & TellsTime {
  return "kmsNowMs" in wrapper && typeof wrapper.kmsNowMs === "function";
}
