import { fileURLToPath } from "node:url";

/** The folder of the model that comes with the library, of which MODEL_CARD.md speaks. */
export const deepModelFolder = fileURLToPath(new URL("../model", import.meta.url));
