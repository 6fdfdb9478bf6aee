export { attestInstances, type AttestedInstances } from "./attested-instances.ts";
export { openDataFolder, type DataFolder } from "./data-folder.ts";
export { MovableClock } from "./movable-clock.ts";
export { startEmbedded, type EmbeddedCloister, type EmbeddedOptions } from "./start-embedded.ts";
