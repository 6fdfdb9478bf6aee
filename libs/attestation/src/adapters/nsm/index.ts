/** Evidence of AWS Nitro enclaves by /dev/nsm. Node only. */
export { NSM_PATH, nsmDevice, type NsmDevice } from "./nsm-device.ts";
export { nsmDocument, nsmSource, type NsmDocumentFields } from "./nsm-source.ts";
export type { SourceFault } from "../unavailable.ts";
