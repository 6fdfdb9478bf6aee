import { randomBytes } from "node:crypto";
import { create, fromBinary } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { AttestedRole, EvidenceSource } from "@cloister/attestation";
import {
  KeyRequestSchema,
  ReleasedKeysSchema,
  ReleaseKeysRequestSchema,
  type ReleasedKeys,
  type ReleaseKeysRequest,
} from "@cloister/contracts/keys/release";
import { hpkeOpen } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnds, InstanceIdentity, type KeyRequest } from "@cloister/keyring";
import {
  DAY_MS,
  purposeToWire,
  releasedKeysAad,
  releasedKeysInfo,
  releaseKeysSigningBytes,
  sessionChannelSigningBytes,
} from "@cloister/policy";
import { configurationDigest, evidenceOf, type TestTenant } from "./tenant.ts";
import type { World } from "./world.ts";

export function identityOf(
  world: World,
  role: AttestedRole,
  measurement?: Uint8Array,
  source: EvidenceSource = evidenceOf(role, world.clock, measurement),
): InstanceIdentity {
  return new InstanceIdentity({ role, source, configurationDigest, clock: world.clock });
}

/** A session by hand, without the checks of the keyring. */
export class AttestedSession {
  readonly sessionId: Uint8Array;
  readonly #world: World;
  readonly #instance: InstanceIdentity;

  private constructor(world: World, instance: InstanceIdentity, sessionId: Uint8Array) {
    this.#world = world;
    this.#instance = instance;
    this.sessionId = sessionId;
  }

  static async begin(world: World, role: AttestedRole, instance = identityOf(world, role)): Promise<AttestedSession> {
    const { sessionId, nonce } = await world.release.beginSession({ nonce: randomBytes(32) });
    const channel = await world.transport("release").channel?.();
    const shown = channel && sessionChannelSigningBytes("instance", { sessionId, nonce, ...channel });
    await world.release.attestSession({
      sessionId,
      evidence: await instance.prove(nonce),
      ...(shown && { channelSignature: instance.signer.sign(shown) }),
    });
    return new AttestedSession(world, instance, sessionId);
  }

  /** As `release` sends it. */
  request(wanted: readonly KeyRequest[], sequence = 1n): ReleaseKeysRequest {
    const keys = wanted.map(({ purpose, bucketEndMs, ...name }) =>
      create(KeyRequestSchema, { ...name, purpose: purposeToWire(purpose), bucketEndMs: BigInt(bucketEndMs) }),
    );
    const request = create(ReleaseKeysRequestSchema, { sessionId: this.sessionId, sequence, keys });
    request.signature = this.#instance.signer.sign(releaseKeysSigningBytes(request));
    return request;
  }

  async release(wanted: readonly KeyRequest[], sequence = 1n): Promise<ReleasedKeys> {
    const request = this.request(wanted, sequence);
    const { sealed } = await this.#world.release.releaseKeys(request);
    const aad = releasedKeysAad(request);
    return fromBinary(ReleasedKeysSchema, hpkeOpen(nodeBackend, this.#instance.kem, releasedKeysInfo(), aad, sealed));
  }

  /** For each request "given" or the code of its refusal. */
  async codes(wanted: readonly KeyRequest[], sequence = 1n): Promise<string[]> {
    const { keys } = await this.release(wanted, sequence);
    return keys.map(({ result }) => (result.case === "key" ? "given" : (result.value ?? "")));
  }
}

/** The bucket that a message of now goes into. */
export function bucketOf(world: World, tenant: TestTenant, purpose: KeyRequest["purpose"]): number {
  const nowMs = world.clock.nowMs();
  const limits = { policy: tenant.policy(nowMs), sealUntilMs: nowMs, keysNotAfterMs: nowMs + 400 * DAY_MS };
  return bucketEnds(limits, nowMs)[purpose === "inbound" ? "flow" : purpose];
}

/** Writes down what is called. */
export function countingTransport(transport: Transport): { readonly transport: Transport; readonly methods: string[] } {
  const methods: string[] = [];
  return {
    methods,
    transport: {
      unary: (method, ...rest) => {
        methods.push(method.name);
        return transport.unary(method, ...rest);
      },
      stream: (...call) => transport.stream(...call),
    },
  };
}

/** A transport to wherever `target` points now. */
export function following(target: { readonly transport: Transport }): Transport {
  return {
    unary: (...call) => target.transport.unary(...call),
    stream: (...call) => target.transport.stream(...call),
  };
}
