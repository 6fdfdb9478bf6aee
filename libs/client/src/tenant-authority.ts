import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { EvidenceVerifier } from "@cloister/attestation";
import {
  ApplyPolicyRequestSchema,
  ApplyPolicyResponseSchema,
  GetPolicyResponseSchema,
  type AuthorityChain,
} from "@cloister/contracts/keys/authority";
import { PolicyError, requireSeenRoots, verifyAuthorityChain, type VerifiedChain } from "@cloister/policy";

import type { Clock } from "./clock.ts";
import { ClientError } from "./errors.ts";
import type { DoorRequest, HttpDoor } from "./http-door.ts";

export interface TenantAuthorityOptions {
  readonly door: HttpDoor;
  /** 16 bytes, from the application's own configuration. */
  readonly tenantId: Uint8Array;
  readonly evidenceVerifiers: readonly EvidenceVerifier[];
  readonly allowDevelopment: boolean;
  readonly clock: Clock;
}

/** A tenant's signed policy, as the tenant made it. */
export interface SignedPolicy {
  /** Ed25519 public key, 32 bytes. */
  readonly genesisRoot: Uint8Array;
  /** Signed notes, oldest first. */
  readonly rootRotations?: readonly Uint8Array[];
  /** The signed note. */
  readonly policy: Uint8Array;
}

/** How long a verified chain counts as the newest. */
const freshForMs = 5 * 60 * 1000;

/** What the tenant's root says, and who may speak for it: nothing of the service's answers is believed but through this. */
export class TenantAuthority {
  readonly #options: TenantAuthorityOptions;
  #newest: { readonly chain: VerifiedChain; readonly verifiedAtMs: number } | undefined;
  #knownVersion = 0;
  #knownRoots: readonly Uint8Array[] = [];

  constructor(options: TenantAuthorityOptions) {
    this.#options = options;
  }

  /** The tenant's roots that were seen, genesis first; empty before any answer was verified. */
  get knownRoots(): readonly Uint8Array[] {
    return this.#knownRoots;
  }

  /**
   * What was seen, here or in an earlier process: an older policy is refused from now on, and so is a root that stepped
   * down.
   */
  know(policyVersion: number, roots: readonly Uint8Array[] = []): void {
    this.#knownVersion = Math.max(this.#knownVersion, policyVersion);
    if (roots.length > this.#knownRoots.length) this.#knownRoots = roots;
  }

  /**
   * Follows tenant root → policy → evidence of `keys` → issuer. An older policy than one seen before is refused, and
   * so is one by a root that stepped down.
   * @throws ClientError AUTHORITY_UNTRUSTED with the verifier's code as `problem`
   */
  async verify(chain: AuthorityChain | undefined): Promise<VerifiedChain> {
    const { tenantId, evidenceVerifiers, allowDevelopment, clock } = this.#options;
    if (chain === undefined) throw new ClientError("ANSWER_MALFORMED", "The answer came without its chain of trust.");
    const nowMs = clock.nowMs();
    const verified = await trustedLater(() =>
      verifyAuthorityChain({
        tenantId,
        chain,
        nowMs,
        verifiers: evidenceVerifiers,
        allowDevelopment,
        knownPolicyVersion: this.#knownVersion,
      }),
    );
    // Another answer may have been verified meanwhile.
    if (verified.policy.version < this.#knownVersion) rejectUntrusted(stalePolicy());
    trusted(() => requireSeenRoots(verified.roots, this.#knownRoots));
    this.know(verified.policy.version, verified.roots);
    this.#newest = { chain: verified, verifiedAtMs: nowMs };
    return verified;
  }

  /** The verified chain, asked for anew when what is known is not fresh. @throws ClientError */
  async newest(maxAgeMs = freshForMs): Promise<VerifiedChain> {
    const known = this.#newest;
    const ageMs = known === undefined ? Infinity : Math.abs(this.#options.clock.nowMs() - known.verifiedAtMs);
    if (known !== undefined && ageMs < maxAgeMs) return known.chain;
    const answer = await this.call({ method: "GET", path: "/v1/policy" }, GetPolicyResponseSchema);
    return this.verify(answer.chain);
  }

  /** Has `keys` apply a policy that the tenant's root signed. The first one makes the tenant. @throws ClientError */
  async applyPolicy(signed: SignedPolicy): Promise<{ readonly policyVersion: number }> {
    const request = create(ApplyPolicyRequestSchema, {
      genesisRoot: signed.genesisRoot,
      rootRotations: [...(signed.rootRotations ?? [])],
      policy: signed.policy,
    });
    const body = protobufBody(ApplyPolicyRequestSchema, request);
    const answer = await this.call({ method: "PUT", path: "/v1/policy", body }, ApplyPolicyResponseSchema);
    return { policyVersion: Number(answer.policyVersion) };
  }

  /** One call of the Authority. @throws ClientError REFUSED, UNREACHABLE, ABORTED, ANSWER_MALFORMED */
  async call<Desc extends DescMessage>(request: DoorRequest, answerSchema: Desc): Promise<MessageShape<Desc>> {
    const bytes = await this.#options.door.request(request);
    try {
      return fromBinary(answerSchema, bytes);
    } catch (cause) {
      throw new ClientError("ANSWER_MALFORMED", `The answer is no ${answerSchema.typeName}.`, { cause });
    }
  }
}

export function protobufBody<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): NonNullable<DoorRequest["body"]> {
  return { contentType: "application/protobuf", bytes: toBinary(schema, message) };
}

/** Runs a verification. @throws ClientError AUTHORITY_UNTRUSTED where it throws PolicyError */
export function trusted<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    return rejectUntrusted(cause);
  }
}

async function trustedLater<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    return rejectUntrusted(cause);
  }
}

function rejectUntrusted(cause: unknown): never {
  if (!(cause instanceof PolicyError)) throw cause;
  const details = { problem: cause.code, cause };
  throw new ClientError("AUTHORITY_UNTRUSTED", `Nothing was sent or shown. ${cause.message}`, details);
}

function stalePolicy(): PolicyError {
  return new PolicyError("POLICY_STALE", "The policy is older than one already in force.");
}
