import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  RotateKeysResponseSchema,
  type RotateKeysRequest,
  type RotateKeysResponse,
} from "@cloister/contracts/keys/authority";
import { createSigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { MAX_FORMER_ISSUERS } from "@cloister/policy";
import { inTransaction, ofTenants } from "@cloister/storage";
import { KeysError } from "../errors.ts";
import { encodeFormerIssuers } from "../hierarchy/former-issuers.ts";
import type { KeysParts } from "../keys.parts.ts";
import { replaceIssuerKey, replaceWrappingKey } from "../records/tenants.ts";
import { requireBytes } from "../refusals.ts";
import type { TenantInForce } from "./policy-book.ts";

/** A tenant has a row of 15 former issuers: so that nobody wears it out, they are made no faster. */
const ISSUER_LIVES_MS = 60 * 60_000;
/** Calls in work, here and at other instances, end with the issuer that they began with. */
const RETIRED_AFTER_MS = 60_000;

/**
 * Wraps the tenant's wrapping key anew, under the KEK's newest version, and where it is asked for makes another issuer
 * key. What the issuer of before has signed stays good. Nothing else is wrapped anew, and nobody waits.
 * @throws KeysError MALFORMED, TENANT_UNKNOWN, POLICY_EXPIRED, KMS_UNAVAILABLE, KEYS_LOCKED; ROTATED_LATELY within an
 * hour of the last issuer; UNAVAILABLE when somebody rotates at the same time
 */
export async function rotateKeys(
  parts: KeysParts,
  { tenantId, issuer: isIssuerToo }: RotateKeysRequest,
): Promise<RotateKeysResponse> {
  requireBytes(tenantId, 16);
  const standing = await parts.policies.inForce(tenantId);
  if (isIssuerToo) await rotateIssuer(parts, standing);
  const { tenant, policy } = await parts.policies.inForce(tenantId);
  const wrapped = await parts.tenantKeys.rewrap({ tenant, policy }, policy);
  await inTransaction(parts.db, ofTenants([tenantId]), (tx) =>
    replaceWrappingKey(tx, tenantId, tenant.wrapped_wrapping_key, wrapped),
  );
  const { issuer, formerIssuers } = await parts.tenantKeys.open(await parts.policies.inForce(tenantId));
  return create(RotateKeysResponseSchema, { issuerKey: issuer.publicKeyBytes, formerIssuers: formerIssuers.length });
}

async function rotateIssuer(parts: KeysParts, standing: TenantInForce): Promise<void> {
  const { tenant_id: tenantId, wrapped_issuer_key: before } = standing.tenant;
  const keys = await parts.tenantKeys.open(standing);
  const nowMs = parts.clock.nowMs();
  const [newest] = keys.formerIssuers;
  if (newest !== undefined && nowMs < newest.retiredAtMs + ISSUER_LIVES_MS) {
    throw new KeysError("ROTATED_LATELY", "The tenant's issuer key is less than an hour old: rotate it later.");
  }
  const former = [{ key: keys.issuer.publicKeyBytes, retiredAtMs: nowMs + RETIRED_AFTER_MS }, ...keys.formerIssuers];
  const seed = randomBytes(32);
  // Looked at before it is kept.
  createSigningKey(nodeBackend, seed).destroy();
  const after = {
    wrapped_issuer_key: keys.wrap({ kind: "issuer-key", tenantId }, seed),
    wrapped_former_issuers: keys.wrap(
      { kind: "former-issuers", tenantId },
      encodeFormerIssuers(former.slice(0, MAX_FORMER_ISSUERS)),
    ),
  };
  seed.fill(0);
  await inTransaction(parts.db, ofTenants([tenantId]), (tx) => replaceIssuerKey(tx, tenantId, before, after));
}
