import { fileURLToPath } from "node:url";

/** The folder that make-tiny-model.py wrote: a table of tokens for a network. */
export const tinyModel = fileURLToPath(new URL("tiny-model", import.meta.url));
