import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import type { Keyring, KeyRequest } from "@cloister/keyring";
import {
  HOUR_MS,
  MAX_MANIFESTS,
  PolicyError,
  signReleaseManifest,
  verifyAuthorityChain,
  verifyInstanceCertificate,
  type PolicyChoices,
  type ReleaseManifest,
} from "@cloister/policy";
import { capturedLog } from "@cloister/testing";
import { AttestedSession, bucketOf, identityOf } from "./attested-session.ts";
import { configurationDigest, evidenceOf, measurementOf, newSigner, type TestTenant } from "./tenant.ts";
import { given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const LEASE_MS = 60_000;
/** A lease that has so little left is renewed before it ends, and what was verified for it is at hand. */
const RENEWED_AFTER_MS = 50_000;

const releaser = newSigner();
const signers = [{ name: "release-team", publicKey: releaser.publicKey }];
const { log, lines } = capturedLog("keys");
/** What lies beside the evidence of `keys`. */
let besideKeys: readonly Uint8Array[] = [];

let world: World;
beforeAll(async () => {
  world = await World.start({ log, releaseManifests: async () => besideKeys });
});
afterAll(() => world.close());

type Role = ReleaseManifest["role"];

function manifest(role: Role, changes: Partial<ReleaseManifest> = {}, signer = releaser): Uint8Array {
  const nowMs = world.clock.nowMs();
  const programs = [{ measurement: measurementOf(role), configurationDigest }];
  const fields = { name: "cloister", version: "1.4.2", role, measurements: { simulated: programs } };
  return signReleaseManifest(
    { ...fields, notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS, ...changes },
    signer,
  );
}

/** A tenant that lists no program of a role, and believes its release signer instead. */
async function conversationUnder(roles: readonly Role[] = ["redaction"]) {
  const listed = (role: Role) =>
    roles.includes(role) ? [] : [{ measurement: measurementOf(role), configurationDigest }];
  const choices: Partial<PolicyChoices> = {
    measurements: {
      keys: listed("keys"),
      redaction: listed("redaction"),
      "enclave-inference": listed("enclave-inference"),
      embedding: listed("embedding"),
    },
    releaseSigners: Object.fromEntries(roles.map((role) => [role, signers])),
  };
  const tenant = await world.newTenant(choices);
  const opened = await world.open(tenant);
  const request: KeyRequest = { ...opened.name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
  const applyNext = async (changes: Partial<PolicyChoices>): Promise<void> => {
    const next = tenant.policy(world.clock.nowMs(), { ...choices, version: 2, ...changes });
    await world.authority.applyPolicy(tenant.signed(next));
  };
  return { ...opened, request, applyNext };
}

function keyringWith(...releaseManifests: readonly Uint8Array[]): Keyring {
  const evidence = { ...evidenceOf("redaction", world.clock), releaseManifests: async () => releaseManifests };
  return world.keyring("redaction", { evidence });
}

async function outcome(keyring: Keyring, request: KeyRequest): Promise<string> {
  const leased = await keyring.lease([request]);
  return given(() => leased.sealingKey(request));
}

/** What a device finds that is shown the chain. */
async function verdict(tenant: TestTenant): Promise<string> {
  const { chain } = await world.authority.getPolicy({ tenantId: tenant.tenantId });
  if (chain === undefined) return "no chain";
  const nowMs = world.clock.nowMs();
  const expected = { tenantId: tenant.tenantId, chain, nowMs, verifiers: [simulatedVerifier], allowDevelopment: true };
  return verifyAuthorityChain(expected).then(
    () => "trusted",
    (error: unknown) => (error instanceof PolicyError ? error.code : String(error)),
  );
}

describe("an instance that no policy lists", () => {
  it("is given keys by a release that the tenant's release signer signed, which audit names", async () => {
    const { request, tenant } = await conversationUnder();
    expect(await outcome(keyringWith(manifest("redaction")), request)).toBe("given");
    const admitted = lines
      .map((line): unknown => JSON.parse(line))
      .filter((line) => JSON.stringify(line).includes(`"state":"admitted"`));
    expect(admitted.at(-1)).toMatchObject({
      msg: "audit",
      at: "ReleaseKeys",
      group: "redaction",
      release: "cloister/1.4.2",
      tenantId: Buffer.from(tenant.tenantId).toString("hex"),
      measurement: Buffer.from(measurementOf("redaction")).toString("hex"),
    });
  });

  it.each<[string, () => readonly Uint8Array[]]>([
    ["no manifest", () => []],
    ["a manifest of the operator's own", () => [manifest("redaction", {}, newSigner())]],
    ["another role's manifest", () => [manifest("embedding", { measurements: { simulated: [redactionProgram] } })]],
    [
      "a manifest for other hardware",
      () => [manifest("redaction", { measurements: { "sev-snp": [redactionProgram] } })],
    ],
    ["a manifest whose window is over", () => [manifest("redaction", { notAfterMs: world.clock.nowMs() })]],
    ["bytes that are no manifest", () => [Buffer.from("cloister/1.4.2\n")]],
  ])("is given none with %s", async (_what, manifests) => {
    const { request } = await conversationUnder();
    expect(await outcome(keyringWith(...manifests()), request)).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("begins no session with more manifests than count", async () => {
    const { request } = await conversationUnder();
    const many = Array.from({ length: MAX_MANIFESTS + 1 }, () => manifest("redaction"));
    expect(await refusal(outcome(keyringWith(...many), request))).toBe("EVIDENCE_REJECTED");
  });

  it("is given none from its release's end on, in the session that it has", async () => {
    const { request } = await conversationUnder();
    const keyring = keyringWith(manifest("redaction", { notAfterMs: world.clock.nowMs() + 2 * LEASE_MS }));
    const before = await outcome(keyring, request);
    world.clock.advance(2 * LEASE_MS);
    expect([before, await outcome(keyring, request)]).toEqual(["given", "MEASUREMENT_NOT_ALLOWED"]);
  });

  it("holds none a lease after its program was withdrawn, though its release still runs", async () => {
    const { request, applyNext } = await conversationUnder();
    const keyring = keyringWith(manifest("redaction"));
    const leased = await keyring.lease([request]);
    const key = leased.sealingKey(request);
    await applyNext({ withdrawn: [measurementOf("redaction")] });
    world.clock.advance(LEASE_MS);
    expect([given(() => leased.sealingKey(request)), await outcome(keyring, request)]).toEqual([
      "LEASE_ENDED",
      "MEASUREMENT_NOT_ALLOWED",
    ]);
    expect(key.isDestroyed).toBe(true);
  });

  it("is refused to a tenant that names no release signer, and given to the one that does", async () => {
    const [naming, other] = [await conversationUnder(), await conversationUnder()];
    await other.applyNext({ releaseSigners: { embedding: signers } });
    const leased = await keyringWith(manifest("redaction")).lease([naming.request, other.request]);
    expect([naming, other].map(({ request }) => given(() => leased.sealingKey(request)))).toEqual([
      "given",
      "MEASUREMENT_NOT_ALLOWED",
    ]);
  });

  it("has a certificate that carries its manifest, by which readers find its program allowed", async () => {
    const { request, tenant, chain } = await conversationUnder();
    const note = manifest("redaction");
    const keyring = keyringWith(note);
    const certificate = (await keyring.lease([request])).certificateFor(tenant.tenantId);
    if (chain === undefined) throw new Error("no chain");
    const { tenantId } = tenant;
    const nowMs = world.clock.nowMs();
    const verified = await verifyAuthorityChain({
      tenantId,
      chain,
      nowMs,
      verifiers: [simulatedVerifier],
      allowDevelopment: true,
    });
    const { release } = verifyInstanceCertificate(certificate, verified, { role: "redaction", atMs: nowMs });
    expect(release).toEqual({ format: "simulated", manifest: note });
  });

  it("is listed with its manifest for whoever looks at the enclaves", async () => {
    const { tenant } = await conversationUnder();
    const note = manifest("redaction");
    const evidence = { ...evidenceOf("redaction", world.clock), releaseManifests: async () => [note] };
    await AttestedSession.begin(world, "redaction", identityOf(world, "redaction", undefined, evidence));
    const { instances } = await world.authority.listInstances({ tenantId: tenant.tenantId });
    expect(
      instances.some(({ evidence: shown }) => shown?.releaseManifests.some((one) => Buffer.compare(one, note) === 0)),
    ).toBe(true);
  });
});

describe("keys that no policy lists", () => {
  it("is trusted by devices and instances with its release beside it, and by nobody without", async () => {
    besideKeys = [manifest("keys")];
    world.clock.advance(11 * 60_000);
    const { request, tenant } = await conversationUnder(["keys"]);
    const trusted = [await verdict(tenant), await outcome(world.keyring("redaction"), request)];
    besideKeys = [];
    world.clock.advance(11 * 60_000);
    expect([...trusted, await verdict(tenant), await outcome(world.keyring("redaction"), request)]).toEqual([
      "trusted",
      "given",
      "MEASUREMENT_NOT_ALLOWED",
      "CHAIN_INVALID",
    ]);
  });

  it("is trusted no longer once its program is withdrawn, within a lease", async () => {
    besideKeys = [manifest("keys")];
    world.clock.advance(11 * 60_000);
    const { request, tenant, applyNext } = await conversationUnder(["keys"]);
    const keyring = world.keyring("redaction");
    const before = await outcome(keyring, request);
    await applyNext({ withdrawn: [measurementOf("keys")] });
    world.clock.advance(LEASE_MS);
    expect([before, await outcome(keyring, request), await verdict(tenant)]).toEqual([
      "given",
      "CHAIN_INVALID",
      "MEASUREMENT_WITHDRAWN",
    ]);
  });

  it("is trusted no longer from its release's end on, in the session that an instance has with it", async () => {
    besideKeys = [manifest("keys", { notAfterMs: world.clock.nowMs() + 11 * 60_000 + RENEWED_AFTER_MS })];
    world.clock.advance(11 * 60_000);
    const { request } = await conversationUnder(["keys"]);
    const keyring = world.keyring("redaction");
    const before = await outcome(keyring, request);
    world.clock.advance(RENEWED_AFTER_MS);
    expect([before, await outcome(keyring, request)]).toEqual(["given", "CHAIN_INVALID"]);
  });
});

const redactionProgram = { measurement: measurementOf("redaction"), configurationDigest };
