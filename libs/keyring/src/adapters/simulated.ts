export {
  keyringFromEnvironment,
  keyringVariables,
  type KeyringEnvironment,
  type KeyringOwner,
} from "./simulated-environment.ts";
export { SimulatedMachine, type AttestedMachine } from "./simulated-machine.ts";
