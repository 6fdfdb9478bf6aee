import { createDetector, type Detector, type DetectorOptions, PiiError } from "@cloister/pii";
import { RedactionError } from "./errors.ts";

/** As many as tenants with policies of their own are served at once: the rest is built again. */
const mostKept = 256;

/** One detector for each set of options that policies ask for, built once. */
export class Detectors {
  readonly #byOptions = new Map<string, Detector>();

  /** @throws RedactionError REGULATED_DATA_BLOCKED, with the reason, for a pattern or list that can't be taken */
  for(options: DetectorOptions): Detector {
    const name = nameOf(options);
    const detector = this.#byOptions.get(name) ?? build(options);
    this.#byOptions.delete(name);
    this.#byOptions.set(name, detector);
    const [longestUnused] = this.#byOptions.keys();
    if (this.#byOptions.size > mostKept && longestUnused !== undefined) this.#byOptions.delete(longestUnused);
    return detector;
  }
}

function build(options: DetectorOptions): Detector {
  try {
    return createDetector(options);
  } catch (error) {
    if (!(error instanceof PiiError)) throw error;
    throw new RedactionError(
      "REGULATED_DATA_BLOCKED",
      `The policy's redaction rules can't be applied. ${error.message}.`,
    );
  }
}

function nameOf(options: DetectorOptions): string {
  return JSON.stringify([
    options.entities?.toSorted(),
    options.threshold,
    options.thresholds,
    options.patterns,
    options.allow,
    options.deny,
    options.hashedLists && { ...options.hashedLists, salt: [...options.hashedLists.salt] },
  ]);
}
