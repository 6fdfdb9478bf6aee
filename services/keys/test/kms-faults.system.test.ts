import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Kek } from "@cloister/service-keys";
import type { KeyRequest } from "@cloister/keyring";
import type { PolicyChoices } from "@cloister/policy";
import { capturedLog, eventually } from "@cloister/testing";
import { AwsKms } from "../src/adapters/aws/aws-kms.ts";
import { KmsByProvider } from "../src/kms/kms-by-provider.ts";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { FakeAwsKms, type KeyState, type Trouble } from "./fake-aws-kms.ts";
import { refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const LEASE_MS = 5 * 60_000;
/** The longest pause between two questions to a KMS that was away. */
const MOST_PAUSE_MS = 30_000;
const ROUNDS = 5;
const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not a secret" };

interface Fault {
  readonly name: string;
  readonly begin: (kms: FakeAwsKms, kek: Kek) => void;
  /** What the log says of it. */
  readonly code: string;
  /** How often one caller's question is put at most. */
  readonly attempts: number;
}

const trouble = (kind: Trouble["kind"], code: string, attempts: number): Fault => ({
  name: kind,
  code,
  attempts,
  begin: (kms, kek) => kms.begin({ kind }, kek),
});
const inState = (state: KeyState, code: string): Fault => ({
  name: state,
  code,
  attempts: 1,
  begin: (kms, kek) => kms.setState(kek, state),
});

const faults: readonly Fault[] = [
  trouble("error", "KMS_UNREACHABLE", 3),
  trouble("throttled", "KMS_THROTTLED", 3),
  trouble("silent", "KMS_UNREACHABLE", 1),
  trouble("slow", "KMS_UNREACHABLE", 1),
  trouble("denied", "KMS_PERMISSION_DENIED", 1),
  trouble("expired", "KMS_CREDENTIAL_REFUSED", 1),
  inState("Disabled", "KMS_KEY_DISABLED"),
  inState("PendingDeletion", "KMS_KEY_PENDING_DELETION"),
];

describe("a tenant's KMS in trouble", () => {
  const log = capturedLog("keys");
  let kms: FakeAwsKms;
  let world: World;
  beforeAll(async () => {
    kms = await FakeAwsKms.start();
    const keyWrapper = new KmsByProvider({ "aws-kms": await AwsKms.open({ endpoint: kms.url, credentials }) });
    // AWS' client loads most of itself at its first call, which on a busy machine takes longer than callers wait.
    await keyWrapper.describe(kms.newKek());
    world = await World.start({ keyWrapper, log: log.log, config: { kmsTimeoutMs: 2_000 } });
  });
  afterAll(async () => {
    await world.close();
    kms.stop();
  });

  /** A tenant with its own KEK, and a key of a conversation of its. */
  async function tenantWithKek(): Promise<{ kek: Kek; request: KeyRequest }> {
    const kek = kms.newKek();
    const tenant = await world.newTenant({ kms: { custody: "byok", provider: "aws-kms", keyRef: kek.keyRef } });
    const { name } = await world.open(tenant);
    return { kek, request: { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") } };
  }

  async function codes(...requests: readonly KeyRequest[]): Promise<string[]> {
    return (await AttestedSession.begin(world, "redaction")).codes(requests);
  }

  /** Milliseconds that half of some calls for these keys take at most. */
  async function median(...requests: readonly KeyRequest[]): Promise<number> {
    const taken: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const session = await AttestedSession.begin(world, "redaction");
      const startMs = performance.now();
      await session.codes(requests);
      taken.push(performance.now() - startMs);
    }
    return taken.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  }

  it.each(faults)("($name) stops its own tenant, and nobody waits for it", async ({ begin, code, attempts }) => {
    const [stuck, other] = [await tenantWithKek(), await tenantWithKek()];
    expect(await codes(stuck.request, other.request)).toEqual(["given", "given"]);
    const before = await median(stuck.request, other.request);

    begin(kms, stuck.kek);
    world.clock.advance(LEASE_MS + 1);
    const [asked, said] = [kms.asked.length, log.lines.length];
    expect(await codes(stuck.request, other.request)).toEqual(["KMS_UNAVAILABLE", "given"]);
    const during = await median(stuck.request, other.request);
    // The other tenant's KMS was asked once for its new lease.
    expect(kms.asked.length - asked).toBeLessThanOrEqual(attempts + 1);
    expect(log.lines.slice(said).join("\n")).toContain(`"${code}"`);
    // Ten times what a call takes is far above what a busy machine adds to half of them, and far below one wait.
    expect(during).toBeLessThan(10 * Math.max(before, 5));

    kms.end();
    kms.setState(stuck.kek, "Enabled");
    // Who asks first after an outage waits for a moment only: a busy machine may answer the second one.
    await eventually(
      async () => {
        world.clock.advance(MOST_PAUSE_MS);
        expect(await codes(stuck.request, other.request)).toEqual(["given", "given"]);
      },
      { everyMs: 500 },
    );
  });

  it("is asked again after pauses that grow to half a minute, however often it is needed", async () => {
    const { kek, request } = await tenantWithKek();
    kms.setState(kek, "Disabled");
    world.clock.advance(LEASE_MS + 1);
    const asked = kms.asked.length;
    for (let second = 0; second < 300; second += 10) {
      expect(await codes(request)).toEqual(["KMS_UNAVAILABLE"]);
      world.clock.advance(10_000);
    }
    // 1 + 2 + 4 + 8 + 16 s, then every 30 s of the 300, rounded up to the steps of ten seconds.
    expect(kms.asked.length - asked).toBeLessThanOrEqual(14);
  });

  it("in another region than the policy says is unknown there, and makes no tenant", async () => {
    const keyRef = kms.newKek().keyRef.replace("eu-central-1", "eu-west-1");
    await expect(world.newTenant({ kms: { custody: "byok", provider: "aws-kms", keyRef } })).rejects.toMatchObject({
      rawMessage: "KMS_UNAVAILABLE",
    });
  });
});

describe("a credential that the operator can use", () => {
  let kms: FakeAwsKms;
  let world: World;
  beforeAll(async () => {
    kms = await FakeAwsKms.start();
    const keyWrapper = new KmsByProvider({ "aws-kms": await AwsKms.open({ endpoint: kms.url, credentials }) });
    const capabilities = { hardwareEvidence: true, attestedRegion: true, witnesses: true, externalKms: true };
    world = await World.start({ keyWrapper, config: { capabilities } });
  });
  afterAll(async () => {
    await world.close();
    kms.stop();
  });

  const forProduction = (choices: Partial<PolicyChoices> = {}) =>
    world.newTenant({
      development: false,
      hardware: { "aws-nitro": {} },
      simulatedRoots: [],
      kms: { custody: "byok", provider: "aws-kms", keyRef: kms.newKek().keyRef },
      ...choices,
    });

  it("asks no KMS for a production policy that says nothing of it", async () => {
    expect(await refusal(forProduction())).toBe("KMS_CREDENTIAL_UNTRUSTED");
    expect(kms.asked).toEqual([]);
  });

  it("does so when the policy accepts it, and no more when the next one doesn't", async () => {
    const { keyRef } = kms.newKek();
    const choices = { kms: { custody: "byok", provider: "aws-kms", keyRef }, kmsTrust: "credential" } as const;
    const tenant = await forProduction(choices);
    const next = {
      development: false,
      hardware: { "aws-nitro": {} },
      simulatedRoots: [],
      kms: choices.kms,
      version: 2,
    };
    const policy = tenant.policy(world.clock.nowMs(), next);
    expect(await refusal(world.authority.applyPolicy(tenant.signed(policy)))).toBe("KMS_CREDENTIAL_UNTRUSTED");
  });
});

describe("a tenant that moves to another KEK", () => {
  let kms: FakeAwsKms;
  let world: World;
  beforeAll(async () => {
    kms = await FakeAwsKms.start();
    const keyWrapper = new KmsByProvider({ "aws-kms": await AwsKms.open({ endpoint: kms.url, credentials }) });
    world = await World.start({ keyWrapper });
  });
  afterAll(async () => {
    await world.close();
    kms.stop();
  });

  it("reads what it wrote before under the new one, and needs the old one no more", async () => {
    const [first, second] = [kms.newKek(), kms.newKek()];
    const at = ({ keyRef }: Kek) => ({ custody: "byok", provider: "aws-kms", keyRef }) as const;
    const tenant = await world.newTenant({ kms: at(first) });
    const { name } = await world.open(tenant);
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const code = async () => (await AttestedSession.begin(world, "redaction")).codes([request]);
    expect(await code()).toEqual(["given"]);

    const next = tenant.policy(world.clock.nowMs(), { version: 2, kms: at(second) });
    await world.authority.applyPolicy(tenant.signed(next));
    kms.setState(first, "PendingDeletion");
    world.clock.advance(LEASE_MS + 1);
    expect(await code()).toEqual(["given"]);
  });

  it("stays where it is while the new one can't be used", async () => {
    const [first, second] = [kms.newKek(), kms.newKek()];
    const at = ({ keyRef }: Kek) => ({ custody: "byok", provider: "aws-kms", keyRef }) as const;
    const tenant = await world.newTenant({ kms: at(first) });
    const { name } = await world.open(tenant);
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    kms.setState(second, "Disabled");
    const next = tenant.policy(world.clock.nowMs(), { version: 2, kms: at(second) });
    await expect(world.authority.applyPolicy(tenant.signed(next))).rejects.toMatchObject({
      rawMessage: "KMS_UNAVAILABLE",
    });
    world.clock.advance(LEASE_MS + 1);
    expect(await (await AttestedSession.begin(world, "redaction")).codes([request])).toEqual(["given"]);
  });
});
