import model from "./model.json" with { type: "json" };
import { openArtefact } from "./artefact.ts";
import type { NameFinder } from "./name-finder.ts";
import { createPerceptron } from "./perceptron.ts";

let finder: NameFinder | undefined;

/** The model that comes with the library, opened on first use (some 50 ms) and shared: it holds no state. */
export function trainedNames(): NameFinder {
  finder ??= createPerceptron(openArtefact(model));
  return finder;
}
