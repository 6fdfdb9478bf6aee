import { detectorOf, type Detector, type DetectorOptions } from "./detect.ts";
import { trainedNames } from "./names/trained.ts";

/**
 * A detector of everything, names by the model that comes with the library. Built once and used for many texts: it holds
 * no state between them.
 * @throws PiiError BAD_PATTERN for a custom pattern, BAD_LIST for a hashed list that can't be taken
 */
export function createDetector(options: DetectorOptions = {}): Detector {
  return detectorOf(options, trainedNames);
}
