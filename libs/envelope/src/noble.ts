export { createNobleBackend, nobleBackend } from "./backends/noble.ts";
