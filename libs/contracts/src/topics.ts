/** Topics of the pipeline. They belong to the services alone; the record key is the 16-byte conversation_id. */
export const topics = {
  inbound: "chat.inbound.v1",
  redacted: "chat.redacted.v1",
  replies: "chat.replies.v1",
} as const;
