import type { AttestedRole } from "@cloister/attestation";
import { HOUR_MS, signReleaseManifest, type PolicyChoices } from "@cloister/policy";
import { newSigner, simulatedConfiguration, simulatedMeasurement, SimulatedTenant } from "@cloister/testing/tenant";
import { describe, expect, it } from "@jest/globals";
import type { Conversation } from "../src/index.ts";
import { SimulatedService } from "./simulated-service.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const releaser = newSigner();
const stranger = newSigner();
const signers = [{ name: "release-team", publicKey: releaser.publicKey }];
const program = { measurement: simulatedMeasurement, configurationDigest: simulatedConfiguration };

/** A tenant whose policy lists no program: all that runs is a release, by the signer of each role. */
function released(by: Partial<Record<AttestedRole, typeof releaser>>, choices: Partial<PolicyChoices> = {}) {
  const tenant = new SimulatedTenant(nowMs, {
    measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] },
    releaseSigners: { keys: signers, "enclave-inference": signers },
    ...choices,
  });
  for (const role of ["keys", "enclave-inference"] as const) {
    const release = { name: "cloister", version: "1.4.2", role, measurements: { simulated: [program] } };
    const window = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS };
    const signer = by[role];
    if (signer === undefined) continue;
    tenant.releases.set(role, {
      format: "simulated",
      manifest: signReleaseManifest({ ...release, ...window }, signer),
    });
  }
  return new SimulatedService(tenant, nowMs);
}

async function firstEvent(conversation: Conversation) {
  for await (const event of conversation.replies({ signal: AbortSignal.timeout(5_000) })) return event;
  return undefined;
}

describe("an application whose tenant lists releases alone", () => {
  it("seals to the release of keys and shows a reply of the release of inference", async () => {
    const service = released({ keys: releaser, "enclave-inference": releaser });
    const conversation = await service.open();
    await conversation.send("Hello");
    service.answer({ kind: "reply", text: "Good morning." });
    expect(await firstEvent(conversation)).toMatchObject({ kind: "reply", text: "Good morning." });
  });

  it.each<[string, Parameters<typeof released>, string]>([
    ["nobody released", [{}], "MEASUREMENT_NOT_ALLOWED"],
    ["the operator released", [{ keys: stranger }], "MEASUREMENT_NOT_ALLOWED"],
    ["is withdrawn", [{ keys: releaser }, { withdrawn: [simulatedMeasurement] }], "MEASUREMENT_WITHDRAWN"],
  ])("seals nothing to a keys that %s", async (_what, given, problem) => {
    const service = released(...given);
    await expect(service.open()).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem });
    expect(service.posted).toEqual([]);
  });

  it.each<[string, typeof releaser | undefined]>([
    ["nobody released", undefined],
    ["the operator released", stranger],
  ])("shows no reply of a program that %s", async (_what, signer) => {
    const service = released({ keys: releaser, ...(signer && { "enclave-inference": signer }) });
    const conversation = await service.open();
    await conversation.send("Hello");
    service.answer({ kind: "reply", text: "forged" });
    expect(await firstEvent(conversation)).toMatchObject({ kind: "refused", code: "MEASUREMENT_NOT_ALLOWED" });
  });
});
