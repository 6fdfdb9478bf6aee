import type { OnApplicationShutdown } from "@nestjs/common";
import type { InstanceIdentity } from "@cloister/keyring";
import type { TenantKeyLeases } from "./tenant-key-leases.ts";

/** Every unwrapped key of the process, to be destroyed when it stops. */
export class HeldKeys implements OnApplicationShutdown {
  readonly #tenantKeys: TenantKeyLeases;
  readonly #identity: InstanceIdentity;

  constructor(tenantKeys: TenantKeyLeases, identity: InstanceIdentity) {
    this.#tenantKeys = tenantKeys;
    this.#identity = identity;
  }

  /** After the doors have closed (they close in onModuleDestroy). */
  onApplicationShutdown(): void {
    this.#tenantKeys.destroy();
    this.#identity.destroy();
  }
}
