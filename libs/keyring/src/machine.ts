/** How a service of a production build starts: on hardware, and on nothing else. */
export { openHardwareMachine as openMachine } from "./adapters/hardware-machine.ts";
export { hardwareVariables as machineVariables } from "./adapters/hardware-source.ts";
export { keyringFromEnvironment, keyringVariables, type KeyringEnvironment } from "./adapters/keyring-environment.ts";
export type { Machine, MachineOwner } from "./attested-machine.ts";
