/** Topics of the pipeline. They belong to the services alone; the record key is the 16-byte conversation_id. */
export const topics = {
  inbound: "chat.inbound.v1",
  redacted: "chat.redacted.v1",
  replies: "chat.replies.v1",
  /** For ingest: tenants for whom a consumer keeps too much. The key is the tenant_id. */
  pressure: "chat.pressure.v1",
} as const;

/** The topics of a tenant that uses Kafka itself; `ingest` bridges them. The id is 32 hexadecimal digits. */
export function tenantTopics(tenantIdHex: string): { readonly inbound: string; readonly replies: string } {
  return { inbound: `tenant.${tenantIdHex}.inbound.v1`, replies: `tenant.${tenantIdHex}.replies.v1` };
}

/** The channel of a conversation's live cells, by its ids of 16 bytes: beside the log, see LiveEvent. */
export function liveChannel(tenantId: Uint8Array, conversationId: Uint8Array): string {
  return `live:${hex(tenantId)}:${hex(conversationId)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
