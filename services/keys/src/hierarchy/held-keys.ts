import type { OnApplicationShutdown } from "@nestjs/common";
import type { InstanceIdentity } from "@cloister/keyring";
import type { UnlockedTenants } from "../unlock/unlocked-tenants.ts";
import type { TenantKeyLeases } from "./tenant-key-leases.ts";

/** Every unwrapped key and credential of the process, to be destroyed when it stops. */
export class HeldKeys implements OnApplicationShutdown {
  readonly #tenantKeys: TenantKeyLeases;
  readonly #identity: InstanceIdentity;
  readonly #unlocked: UnlockedTenants;

  constructor(tenantKeys: TenantKeyLeases, identity: InstanceIdentity, unlocked: UnlockedTenants) {
    this.#unlocked = unlocked;
    this.#tenantKeys = tenantKeys;
    this.#identity = identity;
  }

  /** After the doors have closed (they close in onModuleDestroy). */
  onApplicationShutdown(): void {
    this.#tenantKeys.destroy();
    this.#unlocked.destroy();
    this.#identity.destroy();
  }
}
