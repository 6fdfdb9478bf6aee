import { describe, expect, it } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { verifyAuthorityChain } from "@cloister/policy";
import { chainOf, newTenant, nowMs } from "./fixture.ts";

const verifiers = [simulatedVerifier];

describe("the authority chain", () => {
  it("leads from the genesis root over rotations to the issuer key", async () => {
    const tenant = newTenant({}, 2);
    const chain = await chainOf(tenant);

    const verified = verifyAuthorityChain({
      tenantId: tenant.tenantId,
      chain,
      nowMs,
      verifiers,
      allowDevelopment: true,
    });

    expect(verified.issuerKey).toEqual(tenant.issuer.publicKey);
  });
});
