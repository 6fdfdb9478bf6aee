import { PROBLEMS_PATH } from "@cloister/service";
import { z } from "zod";

/** RFC 9457, as every refusal is. */
export const problemDocument = z.strictObject({
  type: z
    .string()
    .regex(new RegExp(`^${PROBLEMS_PATH}#[A-Z0-9_]+$`, "u"))
    .describe("Resolves to what is said of the code"),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]+$/u)
    .describe("Stable: switch on this"),
  detail: z.string().describe("What was wrong and what to do"),
  instance: z
    .string()
    .regex(/^urn:uuid:[0-9a-f-]{36}$/u)
    .describe("Names this refusal in the service's log"),
});
