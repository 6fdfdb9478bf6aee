import { codeOf, type Log } from "@cloister/service";
import type { DueKey } from "./job.ts";
import type { KeyLifecycle } from "./ports.ts";

/**
 * Keys are destroyed where they are: at the `keys` that tenants share, or at the one that a tenant runs itself (by tenant
 * id in hex). One of those that is away keeps its own keys for a later purge, and nobody waits for it.
 */
export function lifecycleByTenant(
  shared: KeyLifecycle,
  own: ReadonlyMap<string, KeyLifecycle>,
  log: Log,
): KeyLifecycle {
  if (own.size === 0) return shared;
  const of = (tenantIdHex: string): KeyLifecycle => own.get(tenantIdHex) ?? shared;
  /** What each tenant's own brings, nothing where it can't be asked. */
  const ofAllOwn = async <T>(ask: (keys: KeyLifecycle, tenantIdHex: string) => Promise<T[]>): Promise<T[]> => {
    const answers = [...own].map(([tenantId, keys]) =>
      ask(keys, tenantId).catch((error: unknown): T[] => {
        log.warn("the key service of a tenant's own keeps what is due", { tenantId, code: codeOf(error), error });
        return [];
      }),
    );
    return (await Promise.all(answers)).flat();
  };
  const isOf = (tenant: string | undefined) => (key: DueKey) => key.tenantIdHex === tenant;
  const isShared = (key: DueKey): boolean => !own.has(key.tenantIdHex);
  return {
    async due() {
      // Whoever runs `keys` for one tenant has no word on others.
      const ofOwn = ofAllOwn(async (keys, tenant) => (await keys.due()).filter(isOf(tenant)));
      return [...(await shared.due()).filter(isShared), ...(await ofOwn)];
    },
    async destroy(keys) {
      const tombstones = await shared.destroy(keys.filter(isShared));
      return [...tombstones, ...(await ofAllOwn((one, tenant) => one.destroy(keys.filter(isOf(tenant)))))];
    },
    erase: (conversation) => of(conversation.tenantIdHex).erase(conversation),
    issueReceipt: (tombstones, dropped, more) => of(tombstones.tenantIdHex).issueReceipt(tombstones, dropped, more),
  };
}
