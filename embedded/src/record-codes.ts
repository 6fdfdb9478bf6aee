import { keysErrors } from "@cloister/contracts/keys/errors";
import { envelopeErrors } from "@cloister/envelope";
import { keyringErrors } from "@cloister/keyring";
import { messagingErrors, recordErrors } from "@cloister/messaging";
import { policyErrors } from "@cloister/policy";
import { unexpectedError } from "@cloister/service";
import { embeddingErrors } from "@cloister/service-embedding";
import { inferenceErrors, modelErrors } from "@cloister/service-enclave-inference";
import { redactionErrors, redactionStatuses } from "@cloister/service-redaction";

/** What the codes of dead letters and parked records mean, from the catalogues beside them. */
export const recordCodes: Readonly<Record<string, { readonly title: string; readonly remedy: string }>> = {
  ...policyErrors,
  ...keysErrors,
  ...envelopeErrors,
  ...keyringErrors,
  ...messagingErrors,
  ...redactionErrors,
  ...redactionStatuses,
  ...inferenceErrors,
  ...modelErrors,
  ...embeddingErrors,
  ...recordErrors,
  ...unexpectedError,
};
