import { describe, expect, it } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import {
  requireSeenRoots,
  signIssuerNote,
  signPolicy,
  verifyAuthorityChain,
  verifyInstanceEvidence,
  type AuthorityChainFields,
  type ChainToVerify,
} from "@cloister/policy";
import { chainOf, evidenceOf, newSigner, newTenant, nowMs } from "./fixture.ts";
import { laterRefusalOf, refusalOf } from "./refusal.ts";

const tenant = newTenant({}, 2);
const other = newTenant({}, 1);
const chain = await chainOf(tenant);
const otherChain = await chainOf(other);
const verifiers = [simulatedVerifier];

function judge(changes: Partial<AuthorityChainFields>, input: Partial<ChainToVerify> = {}) {
  const changed = { ...chain, ...changes };
  return verifyAuthorityChain({
    tenantId: tenant.tenantId,
    chain: changed,
    nowMs,
    verifiers,
    allowDevelopment: true,
    ...input,
  });
}

describe("the authority chain", () => {
  it("leads from the genesis root over rotations to the issuer key", async () => {
    expect((await judge({})).issuerKey).toEqual(tenant.issuer.publicKey);
  });

  it("says which keys its rotations led over", async () => {
    expect((await judge({})).roots).toEqual(tenant.policy.roots);
  });

  it.each<[string, Partial<AuthorityChainFields>, string]>([
    ["another genesis root", { genesisRoot: other.genesis.publicKey }, "ROOT_UNTRUSTED"],
    ["a genesis root of another length", { genesisRoot: new Uint8Array(31) }, "ROOT_UNTRUSTED"],
    ["a rotation left out at the end", { rootRotations: chain.rootRotations.slice(0, 1) }, "NOTE_UNSIGNED"],
    ["a rotation left out at the start", { rootRotations: chain.rootRotations.slice(1) }, "NOTE_UNSIGNED"],
    ["rotations in another order", { rootRotations: chain.rootRotations.toReversed() }, "NOTE_UNSIGNED"],
    ["another tenant's rotations", { rootRotations: otherChain.rootRotations }, "NOTE_UNSIGNED"],
    ["another tenant's policy", { policy: otherChain.policy }, "NOTE_UNSIGNED"],
    ["a policy by the root that stepped down", { policy: signPolicy(tenant.policy, tenant.genesis) }, "NOTE_UNSIGNED"],
    ["a rotation in place of the policy", { policy: chain.rootRotations[1] ?? new Uint8Array() }, "NOTE_UNSIGNED"],
    ["no evidence", { keysEvidence: undefined }, "EVIDENCE_INVALID"],
    ["another deployment's evidence", { keysEvidence: otherChain.keysEvidence }, "EVIDENCE_INVALID"],
    ["another tenant's issuer note", { issuerNote: otherChain.issuerNote }, "NOTE_UNSIGNED"],
    ["an issuer note of somebody else", { issuerNote: issuerNoteBy(newSigner()) }, "NOTE_UNSIGNED"],
    ["an issuer note of the root", { issuerNote: issuerNoteBy(tenant.root) }, "NOTE_UNSIGNED"],
    ["empty notes", { policy: new Uint8Array() }, "NOTE_MALFORMED"],
  ])("is refused with %s", async (_name, changes, code) => {
    expect(await laterRefusalOf(() => judge(changes))).toBe(code);
  });

  it("is refused with evidence of another service", async () => {
    const keysEvidence = await evidenceOf(tenant, "redaction", tenant.keysSigner.publicKey);
    expect(await laterRefusalOf(() => judge({ keysEvidence }))).toBe("EVIDENCE_INVALID");
  });

  it("is refused with evidence of a program that the policy doesn't list", async () => {
    const measurement = new Uint8Array(48).fill(1);
    const keysEvidence = await evidenceOf(tenant, "keys", tenant.keysSigner.publicKey, { measurement });
    expect(await laterRefusalOf(() => judge({ keysEvidence }))).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("is refused with a signing key that the evidence doesn't bind", async () => {
    const evidence = await evidenceOf(tenant, "keys", tenant.keysSigner.publicKey);
    const thief = newSigner();
    const stolen = {
      keysEvidence: { ...evidence, signingPublicKey: thief.publicKey },
      issuerNote: issuerNoteBy(thief),
    };
    expect(await laterRefusalOf(() => judge(stolen))).toBe("EVIDENCE_INVALID");
  });

  it.each<[string, Partial<ChainToVerify>, string]>([
    ["for another tenant", { tenantId: other.tenantId }, "ROOT_UNTRUSTED"],
    ["after the evidence's life", { nowMs: nowMs + 600_000 }, "EVIDENCE_INVALID"],
    ["after the policy's life", { nowMs: tenant.policy.expiresAtMs }, "POLICY_EXPIRED"],
    ["by who knows a newer policy", { knownPolicyVersion: 4 }, "POLICY_STALE"],
    ["by a build without simulated evidence", { verifiers: [] }, "EVIDENCE_INVALID"],
    ["by a production build", { allowDevelopment: false }, "DEVELOPMENT_REFUSED"],
  ])("is refused %s", async (_name, input, code) => {
    expect(await laterRefusalOf(() => judge({}, input))).toBe(code);
  });
});

describe("roots of a tenant that were seen before", () => {
  const [genesis, second, third] = tenant.policy.roots;
  const all = [genesis, second, third].filter((root) => root !== undefined);

  it.each([[[]], [all.slice(0, 1)], [all]])("may be continued (%#)", (seen) => {
    expect(() => {
      requireSeenRoots(all, seen);
    }).not.toThrow();
  });

  it.each([
    ["left out", all.slice(0, 2), all],
    ["replaced by others", [...all.slice(0, 2), newSigner().publicKey], all],
  ])("are not %s", (_, roots, seen) => {
    expect(refusalOf(() => requireSeenRoots(roots, seen))).toBe("ROOT_UNTRUSTED");
  });
});

describe("an instance's evidence message", () => {
  const nonce = new Uint8Array(32).fill(6);
  const expected = { role: "redaction" as const, nowMs, nonce, verifiers };
  const instance = newSigner();

  it("proves the instance under the tenant's policy", async () => {
    const message = await evidenceOf(tenant, "redaction", instance.publicKey, { nonce });
    const verified = await verifyInstanceEvidence(message, tenant.policy, expected);
    expect(verified.signingPublicKey).toEqual(instance.publicKey);
  });

  it("is refused as the answer to another challenge", async () => {
    const message = await evidenceOf(tenant, "redaction", instance.publicKey);
    expect(await laterRefusalOf(() => verifyInstanceEvidence(message, tenant.policy, expected))).toBe(
      "EVIDENCE_INVALID",
    );
  });

  it("is refused for a role that doesn't exist", async () => {
    const message = { ...(await evidenceOf(tenant, "redaction", instance.publicKey, { nonce })), role: "toString" };
    expect(await laterRefusalOf(() => verifyInstanceEvidence(message, tenant.policy, expected))).toBe(
      "EVIDENCE_INVALID",
    );
  });

  it("is refused with an expiry that no number holds", async () => {
    const message = {
      ...(await evidenceOf(tenant, "redaction", instance.publicKey, { nonce })),
      notAfterMs: 2n ** 64n - 1n,
    };
    expect(await laterRefusalOf(() => verifyInstanceEvidence(message, tenant.policy, expected))).toBe(
      "EVIDENCE_INVALID",
    );
  });

  it("is refused under a policy of a tenant that doesn't name its root", async () => {
    const message = await evidenceOf(tenant, "redaction", instance.publicKey, { nonce });
    expect(await laterRefusalOf(() => verifyInstanceEvidence(message, other.policy, expected))).toBe(
      "EVIDENCE_INVALID",
    );
  });
});

function issuerNoteBy(signer: ReturnType<typeof newSigner>): Uint8Array {
  return signIssuerNote({ tenantId: tenant.tenantId, issuerKey: signer.publicKey, issuedAtMs: nowMs }, signer);
}
