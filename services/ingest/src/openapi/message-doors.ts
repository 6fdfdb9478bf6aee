import { z } from "zod";

import { octetsType } from "../http/bodies.ts";
import type { Door } from "./door.ts";
import { tenantHeader } from "./parameters.ts";

const accepted = z.strictObject({ messageId: z.guid() });

export const messageDoors: readonly Door[] = [
  {
    method: "post",
    path: "/v1/messages",
    operationId: "sendMessage",
    tag: "Messages",
    summary: "Send a sealed message",
    description:
      "The message is checked as far as that goes without a key and stored in one transaction. The same bytes again get the same " +
      "answer and are sent once; other bytes under the same message id are refused.",
    scope: "messages:send",
    parameters: [tenantHeader],
    body: {
      mediaType: octetsType,
      description:
        "A serialized cloister.envelope.v1.Envelope of stage INBOUND (docs/envelope-format.md), at most 512 KiB",
    },
    answers: [
      { status: 202, description: "Stored, and on its way", body: { mediaType: "application/json", schema: accepted } },
    ],
    refusals: [
      "AUTHORITY_UNAVAILABLE",
      "EXPIRED",
      "ID_REUSED",
      "KEYS_LOCKED",
      "KMS_UNAVAILABLE",
      "PARKING_FULL",
      "POLICY_EXPIRED",
      "POLICY_REFUSED",
      "POLICY_UNKNOWN",
      "RESIDENCY_VIOLATION",
      "RETENTION_TOO_LONG",
      "TENANT_UNKNOWN",
      "UNSUPPORTED_SUITE",
      "WRONG_STAGE",
    ],
  },
];
