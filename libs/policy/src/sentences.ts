import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";

/**
 * Imported for what it does: a statement or policy of a wrong form is refused with a sentence about each field in place of
 * `Invalid input`. Programs for people import it; the SDK leaves it out, as a browser has to load it.
 */
z.config(en());
