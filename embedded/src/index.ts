export { attestInstances, type AttestedInstances } from "./attested-instances.ts";
export { openDataFolder, type DataFolder } from "./data-folder.ts";
export { EmbeddedError, embeddedErrors, type EmbeddedErrorCode } from "./errors.ts";
export { MovableClock } from "./movable-clock.ts";
export { howToReach, serve, writableFolder, type ServedCloister, type ServeOptions } from "./serve.ts";
export { startEmbedded, type EmbeddedCloister, type EmbeddedOptions } from "./start-embedded.ts";
