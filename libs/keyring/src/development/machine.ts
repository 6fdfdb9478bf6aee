import { variable } from "@cloister/service";
import { z } from "zod";
import { openHardwareMachine } from "../adapters/hardware-machine.ts";
import { hardwareVariables } from "../adapters/hardware-source.ts";
import { withReleaseManifests } from "../adapters/release-manifests.ts";
import { SimulatedMachine } from "./simulated-machine.ts";

export { keyringFromEnvironment, keyringVariables, type KeyringEnvironment } from "../adapters/keyring-environment.ts";
export type { Machine, MachineOwner } from "../attested-machine.ts";

/** How a service of a development build starts: on simulated evidence where its root is named, on hardware otherwise. */
export const machineVariables = {
  ...hardwareVariables,
  simulatedRootFile: variable("CLOISTER_SIMULATED_ROOT_FILE", z.string().min(1).optional(), {
    description: "Of development builds, in place of hardware: root key of simulated evidence, 0600, made when absent",
  }),
};

type OpenMachine = typeof openHardwareMachine;
type Environment = Parameters<OpenMachine>[0] & { readonly simulatedRootFile?: string | undefined };

/** As in production, but for simulated evidence. @throws as `openHardwareMachine` and `SimulatedMachine.open` */
export async function openMachine(
  environment: Environment,
  owner: Parameters<OpenMachine>[1],
  ports?: Parameters<OpenMachine>[2],
): ReturnType<OpenMachine> {
  const { simulatedRootFile } = environment;
  if (simulatedRootFile === undefined) return openHardwareMachine(environment, owner, ports);
  const machine = await SimulatedMachine.open(simulatedRootFile);
  const attested = await machine.attest(owner.role, owner);
  const program = { ...attested, role: owner.role };
  const evidence = await withReleaseManifests(
    attested.evidence,
    environment.releaseManifestsFolder,
    program,
    owner.log,
  );
  owner.log.warn("the evidence is simulated: it proves nothing, and counts for development policies alone");
  return { ...attested, evidence, isDevelopment: true, simulatedRoots: [machine.rootPublicKey] };
}
