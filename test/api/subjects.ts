import type { Holdings } from "./holdings.ts";

/** A request for what some tenant has, but for its headers of access. */
export interface Aim {
  readonly path: string;
  readonly body?: { readonly mediaType: string; readonly content: Uint8Array | string };
}

const protobuf = (content: Uint8Array) => ({ mediaType: "application/protobuf", content });

/**
 * How each door is asked for what a tenant has, by operationId. A door that is not here fails the test of tenants: say how
 * another tenant's things would be reached through it.
 */
export const subjects: Readonly<Record<string, (of: Holdings) => Aim>> = {
  openConversation: ({ bodies }) => ({ path: "/v1/conversations", body: protobuf(bodies.openConversation) }),
  renewConversation: ({ conversationIdHex, bodies }) => ({
    path: `/v1/conversations/${conversationIdHex}/renew`,
    body: protobuf(bodies.renewConversation),
  }),
  readReplies: ({ conversationIdHex }) => ({ path: `/v1/conversations/${conversationIdHex}/replies` }),
  sendMessage: ({ bodies }) => ({
    path: "/v1/messages",
    body: { mediaType: "application/octet-stream", content: bodies.sendMessage },
  }),
  applyPolicy: ({ bodies }) => ({ path: "/v1/policy", body: protobuf(bodies.applyPolicy) }),
  readPolicy: () => ({ path: "/v1/policy" }),
  beginUnlock: ({ bodies }) => ({ path: "/v1/keys/evidence", body: protobuf(bodies.beginUnlock) }),
  unlockKeys: ({ bodies }) => ({ path: "/v1/keys/unlock", body: protobuf(bodies.unlockKeys) }),
  rotateKeys: ({ bodies }) => ({ path: "/v1/keys/rotate", body: protobuf(bodies.rotateKeys) }),
  destroyKek: ({ bodies }) => ({ path: "/v1/keys/destroy", body: protobuf(bodies.destroyKek) }),
  listEnclaves: () => ({ path: "/v1/enclaves" }),
  createToken: ({ tenantIdHex }) => ({
    path: "/v1/tokens",
    body: {
      mediaType: "application/json",
      content: JSON.stringify({ label: "another", scopes: ["messages:send"], tenantIdHex }),
    },
  }),
  listTokens: () => ({ path: "/v1/tokens" }),
  revokeToken: ({ tokenIdHex }) => ({ path: `/v1/tokens/${tokenIdHex}` }),
};
