export type { AsyncBackend, AsyncKemPrivateKey, AsyncOpeningKey, AsyncRecipientKey } from "./web/async-backend.ts";
export type { AsyncSigningKey, AsyncVerifyingKey, Awaitable } from "./web/async-backend.ts";
export type { NativeAlgorithms, WebCrypto } from "./web/web-crypto.ts";
export { createWebBackend, type WebBackend } from "./web/web-backend.ts";
export { sealEnvelopeWeb, type AsyncSealRequest } from "./web/seal-envelope.ts";
export { openEnvelopeWeb, type AsyncOpenRequest } from "./web/open-envelope.ts";
