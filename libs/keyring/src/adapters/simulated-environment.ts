import type { AttestedRole } from "@cloister/attestation";
import { httpUrl, readSecretFile, variable, type Clock } from "@cloister/service";
import { z } from "zod";
import { Keyring } from "../keyring.ts";
import { keysTransport } from "../keys-transport.ts";
import { SimulatedMachine } from "./simulated-machine.ts";

/** The environment variables by which every attested service reaches `keys`; spread into its own definition. */
export const keyringVariables = {
  keysUrl: variable("CLOISTER_KEYS_URL", httpUrl, {
    description: "Where the Release door of keys listens (gRPC)",
  }),
  releaseTokenFile: variable("CLOISTER_KEYS_RELEASE_TOKEN_FILE", z.string().min(1), {
    description: "File with the credential of the Release door; what may be read is decided by evidence, not by it",
  }),
  simulatedRootFile: variable("CLOISTER_SIMULATED_ROOT_FILE", z.string().min(1), {
    description: "Root key of simulated evidence (development): a file, 0600, made when absent",
  }),
};

export interface KeyringEnvironment {
  readonly keysUrl: string;
  readonly releaseTokenFile: string;
  readonly simulatedRootFile: string;
}

export interface KeyringOwner {
  readonly role: Exclude<AttestedRole, "keys">;
  /** The folder of the files that the service is made of. */
  readonly code: URL;
  /** Its security-relevant settings. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
}

/** The keyring of a service that runs as a process of its own, on a machine with simulated evidence. */
export async function keyringFromEnvironment(
  { keysUrl, releaseTokenFile, simulatedRootFile }: KeyringEnvironment,
  { role, code, configuration, clock }: KeyringOwner,
): Promise<Keyring> {
  const machine = await SimulatedMachine.open(simulatedRootFile);
  const attested = await machine.attest(role, { code, configuration, clock });
  const credential = await readSecretFile(releaseTokenFile);
  const transport = keysTransport({ url: keysUrl, credential });
  return new Keyring({ role, transport, ...attested, allowDevelopment: true, clock });
}
