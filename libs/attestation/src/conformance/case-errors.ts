/** Why `cloister attest verify` judges no evidence at all. */
export const caseErrors = {
  INPUT_MALFORMED: {
    title: "The input is no case: no JSON, or a field is missing or not in its form",
    remedy: "Correct the field that is named; `cloister attest verify --help` says what an input is.",
  },
  UNSUPPORTED: {
    title: "The case asks for something that this build can't check",
    remedy: "Leave out the field that is named, or use a build that knows it: an unchecked demand is not a met one.",
  },
} as const;

export type CaseErrorCode = keyof typeof caseErrors;
