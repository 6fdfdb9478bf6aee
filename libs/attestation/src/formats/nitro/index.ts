/** AWS Nitro Enclaves: an entry point of its own, so that who doesn't meet them doesn't load it. */
export { AWS_NITRO_ROOT_SHA256, NitroAuthenticator, type AuthenticNitroDocument } from "./authenticate.ts";
export { parseNitroDocument, type NitroDocument } from "./document.ts";
export { nitroVerifier } from "./verifier.ts";
