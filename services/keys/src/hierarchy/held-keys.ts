import type { OnApplicationShutdown } from "@nestjs/common";
import type { KeysModuleParts } from "../keys.module.ts";

/** Every unwrapped key and credential of the process, to be destroyed when it stops. */
export class HeldKeys implements OnApplicationShutdown {
  readonly #held: Omit<KeysModuleParts, "server">;

  constructor(held: Omit<KeysModuleParts, "server">) {
    this.#held = held;
  }

  /** After the doors have closed (they close in onModuleDestroy). */
  async onApplicationShutdown(): Promise<void> {
    const { tenantKeys, unlocked, unlockedKms, identity } = this.#held;
    tenantKeys.destroy();
    unlocked.destroy();
    identity.destroy();
    await unlockedKms?.close();
  }
}
