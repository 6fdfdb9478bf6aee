import { Module, type DynamicModule } from "@nestjs/common";
import type { GrpcServer } from "./doors/grpc-server.ts";
import type { TenantKeyLeases } from "./hierarchy/tenant-key-leases.ts";
import type { InstanceIdentity } from "@cloister/keyring";
import type { UnlockedKms } from "./kms/unlocked-kms.ts";
import type { UnlockedTenants } from "./unlock/unlocked-tenants.ts";
import { HeldKeys } from "./hierarchy/held-keys.ts";

export const GRPC_SERVER = Symbol("GRPC_SERVER");

export interface KeysModuleParts {
  readonly server: GrpcServer;
  readonly tenantKeys: TenantKeyLeases;
  readonly identity: InstanceIdentity;
  readonly unlocked: UnlockedTenants;
  readonly unlockedKms: UnlockedKms | undefined;
}

/** Starts the doors with the application and, once they are closed, forgets every key. */
@Module({})
export class KeysModule {
  static register({ server, ...held }: KeysModuleParts): DynamicModule {
    return {
      module: KeysModule,
      providers: [
        { provide: GRPC_SERVER, useFactory: () => server },
        { provide: HeldKeys, useFactory: () => new HeldKeys(held) },
      ],
    };
  }
}
