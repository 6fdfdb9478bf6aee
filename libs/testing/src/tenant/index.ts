export { SimulatedAuthority } from "./simulated-authority.ts";
export {
  SimulatedInstance,
  type AnswerOptions,
  type SimulatedAnswer,
  type SimulatedStream,
} from "./simulated-instance.ts";
export { newSigner, simulatedConfiguration, simulatedMeasurement, SimulatedTenant } from "./simulated-tenant.ts";
