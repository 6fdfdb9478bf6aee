import type { Header } from "@cloister/envelope";
import { checkMessage, HOUR_MS, PolicyError, type MessageContext, type Policy } from "@cloister/policy";

import { problem, type IngestProblem } from "../ingest.problems.ts";

/**
 * Refuses a message that breaks its tenant's policy.
 * @throws ProblemError EXPIRED, MALFORMED (expiry is no bucket's end), POLICY_UNKNOWN, POLICY_EXPIRED,
 * RETENTION_TOO_LONG, RESIDENCY_VIOLATION
 */
export function requireAllowed(header: Header, policy: Policy, context: MessageContext): void {
  // Buckets end on the hour: any other time would make a partition for itself.
  if (header.expiresAtMs % HOUR_MS !== 0)
    throw problem("MALFORMED", "The message's expiry is not the end of a bucket.");
  try {
    checkMessage(policy, header, context);
  } catch (error) {
    throw error instanceof PolicyError ? problem(problemOf(error), error.message) : error;
  }
}

function problemOf({ code }: PolicyError): IngestProblem {
  switch (code) {
    case "MESSAGE_EXPIRED":
      return "EXPIRED";
    case "POLICY_STALE":
      return "POLICY_UNKNOWN";
    case "POLICY_EXPIRED":
    case "RETENTION_TOO_LONG":
    case "RESIDENCY_VIOLATION":
      return code;
    default:
      return "POLICY_REFUSED";
  }
}
