import { deriveTenantId, idToHex } from "@cloister/envelope";

import { problem } from "../ingest.problems.ts";
import type { Authority } from "./authority.ts";

/** Each request goes to the `keys` that its tenant runs itself, by tenant id in hex, or to the one that others share. */
export function authorityByTenant(shared: Authority, own: ReadonlyMap<string, Authority>): Authority {
  if (own.size === 0) return shared;
  const of = ({ tenantId }: { readonly tenantId: Uint8Array }): Authority => own.get(idToHex(tenantId)) ?? shared;
  const ofRoot = ({ genesisRoot }: { readonly genesisRoot: Uint8Array }): Authority => {
    if (genesisRoot.length !== 32) throw problem("MALFORMED", "A genesis root has 32 bytes.");
    return of({ tenantId: deriveTenantId(genesisRoot) });
  };
  return {
    applyPolicy: (request) => ofRoot(request).applyPolicy(request),
    getPolicy: (request) => of(request).getPolicy(request),
    openConversation: (request) => of(request).openConversation(request),
    renewConversation: (request) => of(request).renewConversation(request),
    listInstances: (request) => of(request).listInstances(request),
    beginUnlock: (request) => of(request).beginUnlock(request),
    unlock: (request) => ofRoot(request).unlock(request),
    rotateKeys: (request) => of(request).rotateKeys(request),
    destroyKek: (request) => ofRoot(request).destroyKek(request),
  };
}
