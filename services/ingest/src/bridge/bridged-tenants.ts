import { tenantTopics } from "@cloister/contracts/topics";
import { idToHex, parseTenantId, type TenantId } from "@cloister/envelope";

/** Injection token of BridgedTenants. */
export const BRIDGED_TENANTS = Symbol("BridgedTenants");

/** A tenant with topics of its own on the log. */
export interface BridgedTenant {
  readonly tenantId: TenantId;
  readonly tenantIdHex: string;
  readonly inbound: string;
  readonly replies: string;
}

/** The tenants that send and read by topics of their own. Which topic is whose is said here and by no record. */
export class BridgedTenants {
  readonly all: readonly BridgedTenant[];
  readonly #byId: ReadonlyMap<string, BridgedTenant>;
  readonly #byInbound: ReadonlyMap<string, BridgedTenant>;

  /** @param idsHex 32 lower-case hexadecimal digits each */
  constructor(idsHex: readonly string[]) {
    this.all = [...new Set(idsHex)].map((tenantIdHex) => ({
      tenantId: parseTenantId(tenantIdHex),
      tenantIdHex,
      ...tenantTopics(tenantIdHex),
    }));
    this.#byId = new Map(this.all.map((tenant) => [tenant.tenantIdHex, tenant]));
    this.#byInbound = new Map(this.all.map((tenant) => [tenant.inbound, tenant]));
  }

  of(tenantId: Uint8Array): BridgedTenant | undefined {
    return this.#byId.get(idToHex(tenantId));
  }

  ofInbound(topic: string): BridgedTenant | undefined {
    return this.#byInbound.get(topic);
  }
}
