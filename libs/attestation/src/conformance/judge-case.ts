import type * as z from "zod/mini";
import { AttestationError } from "../errors.ts";
import { onlyUnknownNames, problemOf } from "./case-fields.ts";
import {
  acceptedCase,
  type CaseOutcome,
  type CaseStage,
  malformedCase,
  rejectedCase,
  unsupportedCase,
} from "./case-outcome.ts";

/** One kind of case. */
export interface CaseKind<Case> {
  readonly stage: CaseStage;
  readonly schema: z.ZodMiniType<Case>;
  /** The outputs of evidence that is accepted. @throws AttestationError for what isn't */
  readonly verify: (input: Case) => Promise<Readonly<Record<string, unknown>>>;
  /** The code of a rejection; undefined where not the evidence is at fault but what the case brings in its vendor's place. */
  readonly codeOf: (error: AttestationError) => string | undefined;
}

/** From an input to its outcome, the same for every kind. Only faults of this program are thrown. */
export async function judgeCase<Case>(input: unknown, kind: CaseKind<Case>): Promise<CaseOutcome> {
  const { stage, schema, verify, codeOf } = kind;
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const unknown = onlyUnknownNames(parsed.error);
    if (unknown.length > 0) return unsupportedCase(stage, `This build doesn't know ${unknown.join(", ")}.`);
    return malformedCase(stage, problemOf(parsed.error));
  }
  try {
    return acceptedCase(stage, await verify(parsed.data));
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    const code = codeOf(error);
    return code === undefined ? malformedCase(stage, error.message) : rejectedCase(stage, code, error.message);
  }
}
