import { attestationErrors } from "@cloister/attestation";
import { caseErrors } from "@cloister/attestation/conformance";
import { auditErrors } from "@cloister/audit";
import { chatStatuses, cliErrors } from "@cloister/cli";
import { clientErrors, refusedEvents } from "@cloister/client";
import { keysErrors } from "@cloister/contracts/keys/errors";
import { embeddedErrors } from "@cloister/embedded";
import { envelopeErrors } from "@cloister/envelope";
import { keyringErrors } from "@cloister/keyring";
import { messagingErrors, recordErrors } from "@cloister/messaging";
import { operationsProblems } from "@cloister/messaging/operations";
import { piiErrors } from "@cloister/pii";
import { policyErrors } from "@cloister/policy";
import { retrievalErrors } from "@cloister/retrieval";
import { serverProblems, serviceErrors, unexpectedError } from "@cloister/service";
import { embeddingErrors } from "@cloister/service-embedding";
import { inferenceErrors, modelErrors } from "@cloister/service-enclave-inference";
import { problemsAtTheDoors } from "@cloister/service-ingest";
import { kmsErrors } from "@cloister/service-keys";
import { redactionErrors, redactionStatuses } from "@cloister/service-redaction";
import { retentionErrors, retentionProblems } from "@cloister/service-retention";
import { storageErrors } from "@cloister/storage";

/** What the code says of one of its codes, where it declares it. */
export interface ErrorDescription {
  readonly title: string;
  readonly remedy: string;
  /** Only for problems of an HTTP door. */
  readonly httpStatus?: number;
  readonly isRetryable?: boolean;
}

export type ErrorCatalogue = Readonly<Record<string, ErrorDescription>>;

export interface ErrorChapter {
  readonly title: string;
  readonly introduction: string;
  /** By who says it. */
  readonly catalogues: Readonly<Record<string, ErrorCatalogue>>;
}

/** Every stable code that a person or program can meet, by where it is met. */
export const errorChapters: readonly ErrorChapter[] = [
  {
    title: "HTTP",
    introduction:
      "A refusal is a problem document (RFC 9457) with `type`, `title`, `status`, `detail`, `instance` and the stable `code`. " +
      "`type` resolves, against the address that was asked, to the code's place on the service's own copy of this list. " +
      "A 503 says that the same request may succeed later, and when to try (`Retry-After`).",
    catalogues: {
      "every service": serverProblems,
      ingest: problemsAtTheDoors,
      retention: retentionProblems,
      operations: operationsProblems,
    },
  },
  {
    title: "Messages that get no answer",
    introduction:
      "Met in `ReplyFailed` by the reader, in dead letters and parked records by the operator. `retryable` of the event says whether " +
      "the same text, sent again, may be answered. Codes of `keys` come from the key service, through the service that asked it.",
    catalogues: {
      envelope: envelopeErrors,
      keys: keysErrors,
      keyring: keyringErrors,
      redaction: { ...redactionErrors, ...redactionStatuses },
      "enclave-inference": { ...inferenceErrors, ...modelErrors },
      embedding: { ...embeddingErrors, ...retrievalErrors },
      "every consumer": { ...recordErrors, ...unexpectedError },
    },
  },
  {
    title: "Policies, statements and evidence",
    introduction:
      "Met by whoever verifies: the SDK (`problem` of a `ClientError`), the command line, `keys`. Each means that something was " +
      "refused and nothing was used of it.",
    catalogues: {
      policy: policyErrors,
      attestation: attestationErrors,
      "attest verify": caseErrors,
      audit: auditErrors,
    },
  },
  {
    title: "SDK",
    introduction:
      "`code` of a `ClientError`. Where the service or a verifier gave a code of its own, `problem` holds it. Events that the SDK " +
      "refuses to show carry the code of the check that failed.",
    catalogues: { ClientError: clientErrors, "refused event": refusedEvents },
  },
  {
    title: "Command line",
    introduction:
      "One line on standard error, `cloister: CODE: what happened and what to do`, and exit code 1. A command that was used wrongly " +
      "says `USAGE` and exits with 2; 0 is success. Codes of the running system and of verifiers are passed on as they are.",
    catalogues: {
      cloister: { ...cliErrors, ...chatStatuses, ...usage() },
      "cloister serve": embeddedErrors,
      "cloister redact": piiErrors,
    },
  },
  {
    title: "Starting and running services",
    introduction: "Met in the last line that a service prints before it ends (exit code 1), and as `code` in its log.",
    catalogues: {
      service: serviceErrors,
      "keys, of a tenant's KMS": kmsErrors,
      storage: storageErrors,
      messaging: messagingErrors,
      retention: retentionErrors,
    },
  },
];

function usage(): ErrorCatalogue {
  return {
    USAGE: {
      title: "The command was used wrongly (exit code 2)",
      remedy: "The line names the option or argument; `--help` shows how it is used.",
    },
  };
}
