import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { withGpuClaims } from "@cloister/attestation";
import { bucketEnds, KeyringError, type Keyring, type KeyRequest } from "@cloister/keyring";
import { DAY_MS, PolicyError, verifyAuthorityChain } from "@cloister/policy";
import type { RunningKeys } from "@cloister/service-keys";
import { chipIdOf, levels, SOUND_POLICY } from "@cloister/testing/evidence";
import { HardwareWorld, type Guest } from "./hardware-world.ts";
import { evidenceOf, simulatedRoot } from "./tenant.ts";
import { given, refusal } from "./world.ts";

// Databases are started and keys of RSA made, on machines that may be busy.
jest.setTimeout(120_000);

let world: HardwareWorld;
let keys: RunningKeys;
let opened: Awaited<ReturnType<HardwareWorld["conversation"]>>;
beforeAll(async () => {
  world = await HardwareWorld.make();
  keys = await world.startKeys();
  opened = await world.conversation(keys);
});
afterAll(() => world.close());

/** What an instance is told that asks for a key of the conversation: the code of a refusal, or "given". */
async function outcome(
  keyring: Keyring,
  { tenant, name }: typeof opened = opened,
  purpose: "map" | "vector" | "log" = "map",
): Promise<string> {
  const nowMs = world.clock.nowMs();
  const limits = { policy: tenant.policy(nowMs), sealUntilMs: nowMs, keysNotAfterMs: nowMs + 400 * DAY_MS };
  const request: KeyRequest = { ...name, purpose, bucketEndMs: bucketEnds(limits, nowMs)[purpose] };
  try {
    const leased = await keyring.lease([request]);
    return given(() => leased.sealingKey(request));
  } catch (error) {
    if (error instanceof KeyringError) return error.code;
    throw error;
  }
}

/** What a device finds that is shown the chain of that conversation, with no code for simulated evidence. */
async function verdict({ tenant, chain }: typeof opened): Promise<string> {
  if (chain === undefined) return "no chain";
  const { tenantId } = tenant;
  const { verifiers, clock } = world;
  try {
    await verifyAuthorityChain({ tenantId, chain, nowMs: clock.nowMs(), verifiers, allowDevelopment: false });
    return "trusted";
  } catch (error) {
    if (error instanceof PolicyError) return error.code;
    throw error;
  }
}

const debugged = SOUND_POLICY | (1n << 19n);
const anotherProgram = new Uint8Array(48).fill(0x99);
const embedding = new Uint8Array(48).fill(0x44);
const oldFirmware = { ...levels, snp: levels.snp - 1 };

describe("keys on hardware", () => {
  it("releases a key to an instance on hardware, under a production policy", async () => {
    expect(await outcome(await world.keyring(keys))).toBe("given");
  });

  it("is trusted by a device that believes hardware alone", async () => {
    expect(await verdict(opened)).toBe("trusted");
  });

  it("refuses a policy that is marked for development", async () => {
    const development = { development: true, simulatedRoots: [simulatedRoot.publicKey] };
    expect(await refusal(world.conversation(keys, development))).toBe("DEVELOPMENT_REFUSED");
  });

  it.each<[string, Guest, string]>([
    ["another program", { measurement: anotherProgram }, "MEASUREMENT_NOT_ALLOWED"],
    ["the program of another role", { measurement: embedding }, "MEASUREMENT_NOT_ALLOWED"],
    ["other settings", { configuration: { role: "redaction", region: "elsewhere" } }, "MEASUREMENT_NOT_ALLOWED"],
    ["older firmware than the policy allows", { tcb: oldFirmware }, "MEASUREMENT_NOT_ALLOWED"],
    ["a debugger", { policy: debugged }, "EVIDENCE_REJECTED"],
    ["less privileges than were measured", { vmpl: 2 }, "EVIDENCE_REJECTED"],
    ["a host that handed it something", { hostData: new Uint8Array(32).fill(1) }, "MEASUREMENT_NOT_ALLOWED"],
  ])("releases nothing to an instance with %s", async (_what, guest, code) => {
    expect(await outcome(await world.keyring(keys, guest))).toBe(code);
  });

  it("releases a key that needs an attested GPU to the instance that brings its claims along, and to no other", async () => {
    const { gpuService, clock } = world;
    const minimumTcb = { milan: { bootloader: 4, tee: 1, snp: 22, microcode: 213 } };
    const conversation = await world.conversation(keys, {
      modelLocality: "enclave-attested-gpu",
      hardware: { "sev-snp": { minimumTcb }, gpuIssuer: gpuService.issuer },
    });
    const role = "enclave-inference";
    const { evidence } = await world.machine(role);
    const beside = withGpuClaims(evidence, async (nonce) => gpuService.claims(nonce, clock.nowMs()));
    const withClaims = await world.keyring(keys, {}, { role, evidence: beside }, role);
    const without = await world.keyring(keys, {}, { role }, role);
    expect(await outcome(withClaims, conversation, "log")).toBe("given");
    expect(await outcome(without, conversation, "log")).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("releases a key under a policy that demands proof of a region on machines that the policy says stand there alone", async () => {
    const minimumTcb = { milan: { bootloader: 4, tee: 1, snp: 22, microcode: 213 } };
    const under = (machine: Uint8Array) =>
      world.conversation(keys, {
        residency: { regions: ["eu-central-1"], attested: true },
        hardware: {
          "sev-snp": { minimumTcb },
          machines: { "eu-central-1": [Buffer.from(machine).toString("hex")] },
        },
      });
    const redaction = await world.keyring(keys);
    expect(await outcome(redaction, await under(chipIdOf("milan")))).toBe("given");
    expect(await outcome(redaction, await under(new Uint8Array(64).fill(7)))).toMatch(
      /^(?:CHAIN_INVALID|MEASUREMENT_NOT_ALLOWED)$/u,
    );
  });

  it("releases nothing to an instance with simulated evidence", async () => {
    const evidence = evidenceOf("redaction", world.clock);
    expect(await outcome(await world.keyring(keys, {}, { evidence }))).toBe("EVIDENCE_REJECTED");
  });

  it("releases nothing to an instance that takes another role", async () => {
    const keyring = await world.keyring(keys, {}, { role: "embedding" });
    expect(await outcome(keyring, opened, "vector")).toBe("MEASUREMENT_NOT_ALLOWED");
  });
});

describe("an instance on hardware", () => {
  it.each<[string, Guest]>([
    ["another program", { measurement: anotherProgram }],
    ["a debugger", { policy: debugged }],
  ])("takes no key from a keys with %s, and no device seals to it", async (_what, guest) => {
    const other = await world.startKeys(guest);
    const conversation = await world.conversation(other);
    const refused = await outcome(await world.keyring(other), conversation);
    expect([refused, await verdict(conversation)]).toEqual([
      "CHAIN_INVALID",
      expect.stringMatching(/MEASUREMENT_NOT_ALLOWED|EVIDENCE_INVALID/),
    ]);
  });
});
