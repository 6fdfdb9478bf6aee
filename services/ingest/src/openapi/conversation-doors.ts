import { protobufType } from "../http/bodies.ts";
import { lastEventIdText, liveText } from "../replies/replies.controller.ts";
import type { Door } from "./door.ts";
import { conversationIdInPath, tenantHeader } from "./parameters.ts";

const protobuf = (name: string) => ({
  mediaType: protobufType,
  description: `A serialized cloister.keys.v1.${name} (proto/cloister/keys/v1/authority.proto)`,
});

export const conversationDoors: readonly Door[] = [
  {
    method: "post",
    path: "/v1/conversations",
    operationId: "openConversation",
    tag: "Conversations",
    summary: "Open a conversation",
    description:
      "The client's signed request goes to `keys` and the signed answer comes back, both verbatim; the client verifies the " +
      "answer from its tenant's root on. The same request again gets the same conversation.",
    scope: "conversations:open",
    parameters: [tenantHeader],
    body: protobuf("OpenConversationRequest"),
    answers: [
      {
        status: 200,
        description: "The conversation's statement and its chain",
        body: protobuf("OpenConversationResponse"),
      },
    ],
    refusals: [
      "ADMISSION_EXPIRED",
      "ADMISSION_INVALID",
      "ADMISSION_REQUIRED",
      "AUTHORITY_UNAVAILABLE",
      "ID_REUSED",
      "KEY_DESTROYED",
      "KEYS_LOCKED",
      "KMS_UNAVAILABLE",
      "POLICY_EXPIRED",
      "SIGNATURE_INVALID",
      "TENANT_UNKNOWN",
    ],
  },
  {
    method: "post",
    path: "/v1/conversations/{id}/renew",
    operationId: "renewConversation",
    tag: "Conversations",
    summary: "Renew a conversation",
    description: "A new statement with a new inbound key, for the client's new reply key.",
    scope: "conversations:open",
    parameters: [conversationIdInPath, tenantHeader],
    body: protobuf("RenewConversationRequest"),
    answers: [
      { status: 200, description: "The new statement and its chain", body: protobuf("RenewConversationResponse") },
    ],
    refusals: [
      "AUTHORITY_UNAVAILABLE",
      "CONVERSATION_UNKNOWN",
      "KEY_DESTROYED",
      "KEY_EXPIRED",
      "KEYS_LOCKED",
      "KMS_UNAVAILABLE",
      "POLICY_EXPIRED",
      "REQUEST_EXPIRED",
      "SIGNATURE_INVALID",
      "TENANT_UNKNOWN",
    ],
  },
  {
    method: "get",
    path: "/v1/conversations/{id}/replies",
    operationId: "readReplies",
    tag: "Conversations",
    summary: "Read a conversation's replies",
    description:
      "Server-sent events, until one side goes away. It begins with `retry:`. An event `reply` has an `id` and as `data` the base64 " +
      "of a cloister.events.v1.ReplyEvent: a map delta or a final reply, sealed and with its signer's certificate, or a failure's " +
      "status. An event `live` has no `id` and is sent once: the base64 of a LiveEvent, a sealed piece of a running answer. " +
      "A conversation that nobody knows is an empty stream, so that ids can't be tried.",
    scope: "replies:read",
    parameters: [
      conversationIdInPath,
      tenantHeader,
      {
        name: "Last-Event-ID",
        in: "header",
        description:
          "The id of the last event that was read: the stream goes on after it. Without it the mailbox is read whole.",
        schema: lastEventIdText,
      },
      { name: "live", in: "query", description: "`false` does without running answers", schema: liveText },
    ],
    answers: [
      {
        status: 200,
        description: "The stream",
        body: { mediaType: "text/event-stream", description: "WHATWG HTML section 9.2" },
      },
    ],
    refusals: ["DRAINING"],
  },
];
