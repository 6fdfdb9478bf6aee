import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { PiiError } from "../errors.ts";
import { type NamesArtefact, openArtefact } from "./artefact.ts";
import type { NameFinder } from "./name-finder.ts";
import { createPerceptron } from "./perceptron.ts";

const artefact = new URL("../../models/names.json", import.meta.url);
/** The code is measured, and by this what it reads: other weights are another digest. The training script prints it. */
const artefactSha256 = "eb4f9a09a14ad3e5279a038862859bc9336a9010cf236d8f73f937a71859b544";

let finder: NameFinder | undefined;

/**
 * The model that comes with the library, opened on first use (some 50 ms) and shared: it holds no state.
 * @throws PiiError BAD_MODEL when the artefact isn't the one that this code was built with
 */
export function trainedNames(): NameFinder {
  finder ??= createPerceptron(openArtefact(readArtefact()));
  return finder;
}

function readArtefact(): NamesArtefact {
  const bytes = readFileSync(artefact);
  if (createHash("sha256").update(bytes).digest("hex") !== artefactSha256) {
    throw new PiiError("BAD_MODEL", "the names model on disk is not the one that this build names; install it anew");
  }
  // Proof of the shape: the training script wrote what has this digest.
  return JSON.parse(bytes.toString("utf8")) as NamesArtefact;
}
