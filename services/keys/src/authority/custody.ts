import { idToHex } from "@cloister/envelope";
import { missingGuarantees, type Policy } from "@cloister/policy";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";

const NOT_THE_TENANTS =
  "The policy says that the tenant runs the key service itself, and this one is run by somebody else for everybody.";

/** What the policy asks for and this `keys` doesn't give, as sentences. */
export function missingHere(
  { capabilities, ownTenants }: Pick<KeysParts, "capabilities" | "ownTenants">,
  policy: Policy,
): readonly string[] {
  const missing = missingGuarantees(policy, capabilities);
  return policy.kms.custody === "hyok" && ownTenants === undefined ? [...missing, NOT_THE_TENANTS] : missing;
}

/** @throws KeysError TENANT_UNKNOWN where a tenant runs `keys` for itself and this is another one */
export function requireServed({ ownTenants }: Pick<KeysParts, "ownTenants">, tenantId: Uint8Array): void {
  if (ownTenants === undefined || ownTenants.has(idToHex(tenantId))) return;
  throw new KeysError("TENANT_UNKNOWN", "This key service is run by a tenant for itself: see CLOISTER_KEYS_TENANTS.");
}
