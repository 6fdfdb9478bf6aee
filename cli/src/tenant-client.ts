import { hardwareVerifiers } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type ClientOptions } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { ingestDoor, type ConnectionFlags } from "./connection.ts";

/**
 * The SDK for one tenant of the running system. Only a data folder on this machine is development by itself; elsewhere
 * the caller has to say so.
 * @throws CliError NOT_RUNNING, ACCESS_MISSING
 */
export async function tenantClient(
  tenantId: Uint8Array,
  flags: ConnectionFlags & { readonly development?: true },
  options: Pick<ClientOptions, "fetch"> = {},
): Promise<Client> {
  const { url, token } = await ingestDoor(flags);
  const allowDevelopment = flags.development === true || flags.url === undefined;
  return createClient({
    baseUrl: url,
    accessToken: token,
    tenantId,
    evidenceVerifiers: allowDevelopment ? [...hardwareVerifiers, simulatedVerifier] : hardwareVerifiers,
    allowDevelopment,
    backend: nodeBackend,
    ...options,
  });
}
