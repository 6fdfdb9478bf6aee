/** A TDX platform of one's own: its keys, certificates, collateral and quotes, right ones and wrong ones, for tests. */
export { newKeyPair, pem, type KeyPair } from "./authority.ts";
export { collateral } from "./collateral.ts";
export * from "./platform.ts";
