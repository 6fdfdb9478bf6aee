import type { AttestedRole } from "@cloister/attestation";
import { SimulatedMachine, type AttestedMachine } from "@cloister/keyring/simulated";
import type { Clock } from "@cloister/service";
import * as embedding from "@cloister/service-embedding";
import * as inference from "@cloister/service-enclave-inference";
import * as keys from "@cloister/service-keys";
import * as redaction from "@cloister/service-redaction";

/** What each attested service of this process proves: simulated, and marked so wherever it is shown. */
export interface AttestedInstances {
  readonly simulatedRoot: Uint8Array;
  readonly machines: Readonly<Record<AttestedRole, AttestedMachine>>;
}

/** Measures every attested service's own files. @throws Error when the root's file is open to others */
export async function attestInstances(
  rootFile: string,
  clock: Clock,
  model: inference.ModelConfiguration,
  redactionChoices: redaction.RedactionChoices = {},
): Promise<AttestedInstances> {
  const machine = await SimulatedMachine.open(rootFile);
  const attest = (
    role: AttestedRole,
    code: URL,
    configuration: Readonly<Record<string, unknown>>,
  ): Promise<AttestedMachine> => machine.attest(role, { code, configuration, clock });
  return {
    simulatedRoot: machine.rootPublicKey,
    machines: {
      keys: await attest("keys", keys.codeFolder, keys.securityConfiguration()),
      redaction: await attest("redaction", redaction.codeFolder, redaction.securityConfiguration(redactionChoices)),
      embedding: await attest("embedding", embedding.codeFolder, embedding.securityConfiguration()),
      "enclave-inference": await attest(
        "enclave-inference",
        inference.codeFolder,
        inference.securityConfiguration(model),
      ),
    },
  };
}
