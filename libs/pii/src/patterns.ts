import { detectorOf, type Detector, type DetectorOptions } from "./detect.ts";

export type { Detector } from "./detect.ts";
export { entityTypes } from "./entities.ts";

/**
 * A detector of what patterns find, for who looks for no names: the names model stays out of its memory.
 * @throws PiiError BAD_PATTERN for a custom pattern, BAD_LIST for a hashed list that can't be taken
 */
export function createPatternDetector(options: Omit<DetectorOptions, "names"> = {}): Detector {
  return detectorOf({ ...options, names: false });
}
