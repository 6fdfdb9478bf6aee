import type { Log } from "@cloister/service";
import { InstanceIdentity } from "./instance-identity.ts";
import type { KeySource } from "./key-source.ts";
import { KeyringByTenant } from "./keyring-by-tenant.ts";
import { Keyring, type KeyringOptions } from "./keyring.ts";

type Transport = KeyringOptions["transport"];

export interface KeyringRoutes {
  /** To the release door of the `keys` that tenants share. */
  readonly shared: Transport;
  /** To those that tenants run themselves, by tenant id in hex. */
  readonly own: ReadonlyMap<string, Transport>;
  readonly log: Log;
}

/** One instance's keys, wherever its tenants keep theirs. */
export function openKeyring(
  { shared, own, log }: KeyringRoutes,
  options: Omit<KeyringOptions, "transport" | "identity">,
): KeySource {
  if (own.size === 0) return new Keyring({ ...options, transport: shared });
  const { role, evidence: source, configurationDigest, clock } = options;
  const identity = new InstanceIdentity({ role, source, configurationDigest, clock });
  const keyring = (transport: Transport): Keyring => new Keyring({ ...options, transport, identity });
  const keyrings = new Map([...own].map(([tenant, transport]) => [tenant, keyring(transport)]));
  return new KeyringByTenant({ shared: keyring(shared), own: keyrings, clock, log });
}
