/** Why a statement, a policy or a message was refused. Closed: callers switch on it exhaustively. */
export const policyErrors = {
  NOTE_MALFORMED: { title: "This is no signed note, or only a part of one", remedy: "Send the file as it was signed." },
  NOTE_UNSIGNED: { title: "The key that has to sign this didn't", remedy: "Sign it with the key of that office." },
  SIGNATURE_INVALID: {
    title: "The note was changed after it was signed",
    remedy: "Nothing of it counts: ask whoever signed it for the original.",
  },
  STATEMENT_MALFORMED: {
    title: "The signed statement lacks a field, or has one that nobody knows",
    remedy: "Compare the versions of both sides.",
  },
  STATEMENT_EXPIRED: {
    title: "The conversation's statement is expired",
    remedy: "Renew the conversation: the SDK does so by itself.",
  },
  STATEMENT_MISMATCH: {
    title: "The statement answers another request, or names other keys",
    remedy: "Send nothing: somebody between you and `keys` changed the answer.",
  },
  POLICY_MALFORMED: {
    title: "The policy breaks a limit or lacks what its preset requires",
    remedy: "The sentence names the fields: change them and sign again.",
  },
  POLICY_EXPIRED: {
    title: "The tenant's policy is expired or not yet in force",
    remedy: "Have the tenant sign and apply a new version.",
  },
  POLICY_STALE: {
    title: "A newer policy than this one is known, or the newest is not known here yet",
    remedy: "Apply a version above the one in force; send a message again in a second.",
  },
  POLICY_FOREIGN: {
    title: "The policy or message belongs to another tenant or history of roots",
    remedy: "Check which tenant was meant.",
  },
  ROOT_UNTRUSTED: {
    title: "The root key is not the tenant's, or its rotations don't follow each other",
    remedy: "Send the genesis root and every rotation, in their order.",
  },
  EVIDENCE_INVALID: {
    title: "The evidence of what code runs is refused",
    remedy: "Send nothing to this instance; the cause names what is wrong with it.",
  },
  MEASUREMENT_NOT_ALLOWED: {
    title: "The policy doesn't allow the program that runs, or its configuration",
    remedy: "If it was changed on purpose, sign a policy that names it.",
  },
  MEASUREMENT_WITHDRAWN: {
    title: "The policy has withdrawn the program that runs, whatever else allows it",
    remedy: "Send nothing to this instance; have the operator run a newer version.",
  },
  MANIFEST_MALFORMED: {
    title: "A release manifest is not in its form, too large, or one of too many",
    remedy: "Show at most 4 of 8 KiB each beside the evidence, as `cloister release sign` wrote them.",
  },
  CERTIFICATE_INVALID: {
    title: "An instance's certificate is of another tenant, role or time",
    remedy: "Don't show what it signed.",
  },
  ADMISSION_REQUIRED: {
    title: "Opening a conversation needs an admission of the tenant",
    remedy: "Have the application's backend sign one for the device's keys.",
  },
  ADMISSION_INVALID: {
    title: "The admission is of another tenant or issuer, or for other keys",
    remedy: "Have an issuer that the policy names sign one for these keys.",
  },
  ADMISSION_EXPIRED: {
    title: "The admission is expired, not yet valid, or valid for more than a day",
    remedy: "Ask for a new one, and compare the clocks.",
  },
  MESSAGE_EXPIRED: { title: "The message is past its expiry", remedy: "Seal the text anew." },
  RETENTION_TOO_LONG: {
    title: "It would be kept longer than the policy allows",
    remedy: "Seal with the expiry that the conversation's statement gives.",
  },
  RESIDENCY_VIOLATION: {
    title: "The policy doesn't let messages be processed in this region",
    remedy: "Send to a cell in a region that the policy names, or name this one.",
  },
  REGULATED_DATA_BLOCKED: {
    title: "The message holds a kind of data that the policy doesn't let in, or that nothing here can find",
    remedy: "Send it without; or take the kind out of the policy's `block` or `redact`.",
  },
  TOPIC_FORBIDDEN: {
    title: "The message is about something that the tenant's policy forbids",
    remedy: "The sentence that came with it is the tenant's: ask the tenant.",
  },
  PURPOSE_NOT_ALLOWED: {
    title: "A service asked for a key that its role may not have",
    remedy: "None: no deployment may loosen this.",
  },
  DEVELOPMENT_REFUSED: {
    title: "A policy marked development is refused outside development builds",
    remedy: "Sign one without the mark, for hardware that proves what it runs.",
  },
} as const;

export type PolicyErrorCode = keyof typeof policyErrors;

export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly code: PolicyErrorCode;

  constructor(code: PolicyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
