/** Machines without hardware, for development builds and tests. */
export type { AttestedMachine } from "../attested-machine.ts";
export { SimulatedMachine } from "./simulated-machine.ts";
