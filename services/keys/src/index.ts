export { LocalKeyring } from "./adapters/local-keyring.ts";
export type { DoorCredentials } from "./doors/routes.ts";
export { KeysError } from "./errors.ts";
export type { KeyWrapper } from "./hierarchy/key-wrapper.ts";
export { startKeys, type KeysConfig, type KeysPorts, type RunningKeys } from "./start-keys.ts";

export { securityConfiguration } from "./security-configuration.ts";

/** What simulated evidence measures. */
export const codeFolder = new URL(".", import.meta.url);
