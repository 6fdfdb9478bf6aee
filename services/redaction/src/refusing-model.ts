import { PiiError } from "@cloister/pii";
import { RedactionError } from "./errors.ts";

/**
 * What was promised, or why this service must not start: it never runs without a model that it was told to use.
 * @throws RedactionError MODEL_UNUSABLE
 */
export async function refusingModel<Opened>(opening: Promise<Opened>): Promise<Opened> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof PiiError) || error.code !== "BAD_MODEL") throw error;
    throw new RedactionError("MODEL_UNUSABLE", `${error.message.replace("BAD_MODEL: ", "")}.`);
  }
}
