import type { Interceptor } from "@connectrpc/connect";
import type { KeysLimits } from "../limits/keys-limits.ts";
import { callerKey } from "./caller.ts";

const HANDSHAKE: ReadonlySet<string> = new Set(["BeginSession", "AttestSession"]);

/** @throws KeysError TOO_MANY_CALLS for an address that begins too many sessions, an instance that calls too often */
export function limitInstances(limits: KeysLimits): Interceptor {
  return (next) => (request) => {
    const caller = request.contextValues.get(callerKey);
    if (HANDSHAKE.has(request.method.name)) limits.handshake(caller);
    else limits.instanceCall(caller);
    return next(request);
  };
}

/** @throws KeysError TOO_MANY_CALLS for a tenant about which too many calls come */
export function limitTenants(limits: KeysLimits): Interceptor {
  return (next) => (request) => {
    const tenant: unknown = Reflect.get(request.message, "tenantId") ?? Reflect.get(request.message, "genesisRoot");
    // An id of another length is refused by the call itself: it is no key of ours.
    if (tenant instanceof Uint8Array && tenant.length <= 32) limits.tenantCall(tenant);
    return next(request);
  };
}
