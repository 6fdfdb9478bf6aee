import { create } from "@bufbuild/protobuf";
import { ListInstancesResponseSchema } from "@cloister/contracts/keys/authority";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { describe, expect, it } from "@jest/globals";
import { describeEnclaves } from "../src/enclaves/describe-enclaves.ts";
import { enclavesAnswer } from "../src/enclaves/enclaves-answer.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const publicKey = new Uint8Array(32).fill(1);
const withdrawn = new Uint8Array(48).fill(2);
const manifest = new Uint8Array([3, 4]);

describe("GET /v1/enclaves", () => {
  it("shows who may release what, what is withdrawn, and the manifests beside each instance's evidence", async () => {
    const releaseSigners = { redaction: [{ name: "release-team", publicKey }] };
    const tenant = new SimulatedTenant(nowMs, { releaseSigners, withdrawn: [withdrawn] });
    const { keysEvidence, ...chain } = await tenant.chain(nowMs);
    const evidence = { ...keysEvidence, releaseManifests: [manifest] };
    const listed = create(ListInstancesResponseSchema, {
      chain: { ...chain, keysEvidence: evidence },
      instances: [{ evidence: { ...evidence, role: "redaction" }, certificate: new Uint8Array(1) }],
    });
    const answer = enclavesAnswer.parse(describeEnclaves(tenant.tenantId, listed));
    const of = (role: string) => answer.roles.find((one) => one.role === role);
    expect(of("redaction")?.releaseSigners).toEqual([{ name: "release-team", publicKey: "01".repeat(32) }]);
    expect(of("embedding")?.releaseSigners).toEqual([]);
    expect(answer.policy.withdrawn).toEqual(["02".repeat(48)]);
    expect(["keys", "redaction"].map((role) => of(role)?.instances[0]?.releaseManifests)).toEqual([["AwQ="], ["AwQ="]]);
  });
});
