import { untrustedCertificates } from "@cloister/storage";
import { MessagingError, type MessagingErrorCode } from "../messaging-error.ts";

/** What a client was doing, for the sentence of an error. */
export interface Attempted {
  /** As in `produce to chat.inbound.v1`. */
  readonly what: string;
  readonly cause: unknown;
}

/** Errors of the protocol by their names in Kafka's documentation that mean more than "try again". */
const byBrokerName: Readonly<Record<string, MessagingErrorCode>> = {
  UNKNOWN_TOPIC_OR_PARTITION: "UNKNOWN_TOPIC",
  INVALID_TOPIC_EXCEPTION: "UNKNOWN_TOPIC",
  MESSAGE_TOO_LARGE: "RECORD_TOO_LARGE",
  RECORD_LIST_TOO_LARGE: "RECORD_TOO_LARGE",
  TOPIC_AUTHORIZATION_FAILED: "LOG_UNAUTHORIZED",
  GROUP_AUTHORIZATION_FAILED: "LOG_UNAUTHORIZED",
  CLUSTER_AUTHORIZATION_FAILED: "LOG_UNAUTHORIZED",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "LOG_UNAUTHORIZED",
  SASL_AUTHENTICATION_FAILED: "LOG_UNAUTHORIZED",
  UNSUPPORTED_SASL_MECHANISM: "LOG_UNAUTHORIZED",
  ILLEGAL_SASL_STATE: "LOG_UNAUTHORIZED",
  SECURITY_DISABLED: "LOG_UNAUTHORIZED",
};

/**
 * Our error for what a client threw. `names` are what its errors are called, outermost first: names of the protocol,
 * codes of Node; the first that means something decides. Everything else is an outage.
 */
export function brokerError({ what, cause }: Attempted, names: readonly string[]): MessagingError {
  if (cause instanceof MessagingError) return cause;
  const code = names.map(codeOfName).find((found) => found !== undefined) ?? "LOG_UNAVAILABLE";
  const detail = names.length === 0 ? "" : ` (${names.join(", ")})`;
  return new MessagingError(code, `${sentences[code] ?? "the brokers cannot be reached"}: ${what}${detail}`, { cause });
}

/** True for what another attempt cannot cure: wrong credentials, missing rights, a certificate that isn't trusted. */
export function isHopeless(error: MessagingError): boolean {
  return error.code === "LOG_UNAUTHORIZED" || error.code === "LOG_UNTRUSTED";
}

const sentences: Readonly<Partial<Record<MessagingErrorCode, string>>> = {
  UNKNOWN_TOPIC: "there is no such topic; run cloister topics apply",
  RECORD_TOO_LARGE: "the brokers find a record too large",
  LOG_UNAUTHORIZED: "the brokers refuse the credentials, or this user's right",
  LOG_UNTRUSTED: "the brokers' certificate is not trusted",
};

function codeOfName(name: string): MessagingErrorCode | undefined {
  return untrustedCertificates.has(name) ? "LOG_UNTRUSTED" : byBrokerName[name];
}
