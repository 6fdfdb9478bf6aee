import { CodedError } from "@cloister/service";

/** Why a command did not do what it was asked to. Closed: docs/errors.md says what to do about each. */
export const cliErrors = {
  NOT_RUNNING: {
    title: "Nothing runs on the data folder",
    remedy: "Start it with `cloister serve`, or name a running system by its address and token.",
  },
  ACCESS_MISSING: {
    title: "The address or the access token of the system is missing or no such thing",
    remedy: "Give both: --url and --token, or the variables that the command's help names.",
  },
  FILE_UNREADABLE: {
    title: "A file can't be read or holds something else",
    remedy: "Look at the path and its rights.",
  },
  FILE_UNWRITABLE: {
    title: "A file or folder can't be written",
    remedy: "Look at the path, its rights and the space on the disk.",
  },
  FILE_EXISTS: { title: "The file is there already and is never overwritten", remedy: "Choose another place." },
  KEY_FILE_OPEN: { title: "A file with a key can be read by others than its owner", remedy: "Run `chmod 600` on it." },
  TENANT_MALFORMED: {
    title: "The folder is no tenant that `cloister tenant init` made",
    remedy: "Name the folder that `tenant init` wrote, with its keys.",
  },
  TENANT_FOREIGN: {
    title: "The policy is another tenant's",
    remedy: "Use the tenant's own folder and policy together.",
  },
  ROOTS_EXHAUSTED: {
    title: "The tenant's root was rotated as often as a chain of trust may carry",
    remedy: "Make a new tenant with `cloister tenant init`.",
  },
  RELEASE_NOT_ALLOWED: {
    title: "The release manifest doesn't count under the policy",
    remedy: "The sentence says why: sign it anew, or a policy that names its signer for the role.",
  },
  POLICY_INCOMPLETE: {
    title: "The policy lacks fields, or its file holds no JSON object",
    remedy: "Add the fields that are named, or sign for development.",
  },
  POLICY_NOT_IN_FORCE: {
    title: "The policy, or any policy, is not in force",
    remedy: "Apply it with `cloister policy apply`.",
  },
  DATABASE_MISSING: {
    title: "No database was named, or not by a PostgreSQL URL",
    remedy: "Give --database, --keys-database or both, or the variables that the command's help names.",
  },
  MIGRATIONS_PENDING: {
    title: "A schema, a role or a right that this build needs is missing in the database",
    remedy: "Look at `cloister migrate plan`, then run `cloister migrate apply`.",
  },
  NOT_CONFIRMED: { title: "The question was answered with no", remedy: "Nothing was changed." },
  CONFIRMATION_REQUIRED: {
    title: "The command weakens protection, or may, or deletes, and nobody can be asked",
    remedy: "Look at what it would do (`cloister policy diff`, `cloister dlq list`), then give it with --yes.",
  },
  KEK_NOT_DESTROYED: {
    title: "The tenant's KMS did not destroy its KEK, or nobody can prove that it did",
    remedy: "Nothing was changed unless the sentence says so. Do what is said there of the KMS' code.",
  },
  CREDENTIAL_MISSING: {
    title: "No credential for the tenant's KMS was named, or more than one",
    remedy: "Name the one file that it is in: `cloister keys unlock --help`.",
  },
  DEAD_LETTER_MISSING: {
    title: "There is no dead letter (any more) with that id",
    remedy: "Look at `cloister dlq list`: it was redriven, dropped, or ended with its bucket.",
  },
  SERVICE_UNREACHABLE: {
    title: "The system doesn't answer at its address",
    remedy: "Look whether it runs and whether that is its address.",
  },
  ANSWER_MALFORMED: {
    title: "What answers is not this version of the service",
    remedy: "Check the address and the versions.",
  },
  RECEIPT_UNVERIFIED: {
    title: "A receipt could not be verified",
    remedy: "Don't take it as proof; fetch it again and look at the reason beside it.",
  },
  KNOWLEDGE_BASE_UNKNOWN: {
    title: "The tenant or the running system has no knowledge base of that name",
    remedy: "Choose one of those that are named, or import it.",
  },
  KNOWLEDGE_BASES_MALFORMED: {
    title: "The list of knowledge bases was not written by this version",
    remedy: "Restore the file, or import into a new tenant folder.",
  },
  KNOWLEDGE_BASES_BUSY: {
    title: "Another import into this tenant is running",
    remedy: "Wait for it. If it was killed, remove the file that is named.",
  },
  DOCUMENTS_BROKEN: {
    title: "Some documents could not be imported; the others were",
    remedy: "Correct the ones that are named and run the import again.",
  },
  INTERRUPTED: {
    title: "The command was stopped in the middle",
    remedy: "What was done stays. Run it again: it goes on.",
  },
  NODE_TOO_OLD: {
    title: "This Node lacks the cryptography that the command needs",
    remedy: "Run `npx cloister` or `npm run cloister`, which bring the Node that is needed.",
  },
  NOT_LIVE: { title: "The service doesn't say that it lives", remedy: "Read its log and start it again." },
  NOT_READY: {
    title: "The service lives and isn't ready: it starts, or drains",
    remedy: "Wait a moment; if it stays so, read its log.",
  },
  CLOCK_SKEW: {
    title: "The system's clock and this machine's differ by half a minute or more",
    remedy: "Set the clocks by NTP: keys, admissions and expiries are judged by them.",
  },
  CHECK_FAILED: {
    title: "A check of `cloister doctor` failed",
    remedy: "Do what stands below each failed check.",
  },
  ENGINE_EMBEDDED: {
    title: "A service by itself was asked to run on the embedded engines",
    remedy: "Name a PostgreSQL server in CLOISTER_DATABASE_URL, or run everything by `cloister serve`.",
  },
  SERVICE_FAILED: {
    title: "The running system stopped by itself",
    remedy: "Read its log, then start it again; nothing that was accepted is lost.",
  },
} as const;

export type CliErrorCode = keyof typeof cliErrors;

/** Its message is one sentence for the person at the terminal. */
export class CliError extends CodedError<CliErrorCode> {}

/** What the running system refused, with the system's own code and sentence. */
export class Refusal extends CodedError {}

/** What `cloister chat` itself says of a line that was typed. */
export const chatStatuses = {
  MESSAGE_UNREADABLE: {
    title: "The line is no text that can be sent",
    remedy: "Type it again.",
  },
} as const;
