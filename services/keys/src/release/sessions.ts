import { randomBytes, timingSafeEqual } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  decodeEvidence,
  isAttestedRole,
  verifyEvidence,
  anyHardware,
  AttestationError,
  type AttestedRole,
  type EvidencePolicy,
  type ReportBinding,
  type VerifiedEvidence,
} from "@cloister/attestation";
import type { InstanceEvidence } from "@cloister/contracts/keys/authority";
import {
  AttestSessionResponseSchema,
  BeginSessionResponseSchema,
  type AttestSessionRequest,
  type AttestSessionResponse,
  type BeginSessionRequest,
  type BeginSessionResponse,
} from "@cloister/contracts/keys/release";
import {
  idToHex,
  createKemPublicKey,
  createVerifyingKey,
  EnvelopeError,
  type KemPublicKey,
  type VerifyingKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { isSameChannel, type Channel } from "@cloister/keyring";
import { MAX_MANIFEST_BYTES, MAX_MANIFESTS, sessionChannelSigningBytes } from "@cloister/policy";
import type { TenantInForce } from "../authority/policy-book.ts";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { requireBytes } from "../refusals.ts";

/** `keys` itself is no customer of `keys`. */
export type ReleaseRole = Exclude<AttestedRole, "keys">;

/** An instance that proved its role and its keys. Which tenants allow it is decided by each tenant's policy. */
export interface AttestedSession {
  readonly sessionId: Uint8Array;
  readonly role: ReleaseRole;
  readonly evidence: InstanceEvidence;
  /** The two keys that the evidence binds: released keys are sealed to one, requests are signed by the other. */
  readonly kem: KemPublicKey;
  readonly signer: VerifyingKey;
  /** Between which two TLS keys the session counts; undefined without TLS. */
  readonly channel: Channel | undefined;
  /** Never after the evidence's own not_after. */
  readonly expiresAtMs: number;
  /** Tenants whose policy allows this instance; a newer policy is another object. */
  readonly admittedBy: WeakMap<TenantInForce, AdmittedInstance>;
  /** The last sequence number that was used. */
  lastSequence: bigint;
}

/** What a tenant's policy found in the evidence, and what its issuer certifies of it. */
export interface AdmittedInstance {
  readonly instance: VerifiedEvidence;
  readonly certificate: Uint8Array;
}

interface BegunSession {
  readonly sessionId: Uint8Array;
  readonly nonce: Uint8Array;
  readonly channel: Channel | undefined;
  readonly expiresAtMs: number;
}

const HANDSHAKE_MS = 60_000;
const SESSION_MS = 10 * 60_000;
const MAX_SESSIONS = 4_096;
/** The one in use, and one that replaces it while a call of the other is in work. */
const MAX_SESSIONS_OF_INSTANCE = 2;

/** Sessions live in memory alone: after a restart every instance proves itself again. */
export class Sessions {
  readonly #parts: KeysParts;
  readonly #begun = new Map<string, BegunSession>();
  readonly #attested = new Map<string, AttestedSession>();

  constructor(parts: KeysParts) {
    this.#parts = parts;
  }

  /** Our evidence over the instance's challenge, and a challenge of ours. @throws KeysError MALFORMED */
  async begin(request: BeginSessionRequest, channel: Channel | undefined): Promise<BeginSessionResponse> {
    requireBytes(request.nonce, 32);
    const { identity, clock } = this.#parts;
    const keysEvidence = await identity.prove(request.nonce);
    const [sessionId, nonce] = [randomBytes(16), randomBytes(32)];
    const seen = channel && sessionChannelSigningBytes("keys", { sessionId, nonce: request.nonce, ...channel });
    this.#put(this.#begun, { sessionId, nonce, channel, expiresAtMs: clock.nowMs() + HANDSHAKE_MS });
    const channelSignature = seen && { channelSignature: identity.signer.sign(seen) };
    return create(BeginSessionResponseSchema, { sessionId, keysEvidence, nonce, ...channelSignature });
  }

  /**
   * Takes the instance's evidence over that challenge, once.
   * @throws KeysError SESSION_UNKNOWN; EVIDENCE_REJECTED unless it is authentic, of now, over this challenge, and of a
   * role that is given keys, with release manifests within their bounds; CHANNEL_MISMATCH unless the instance sees the
   * TLS keys that are seen here
   */
  async attest(request: AttestSessionRequest, channel: Channel | undefined): Promise<AttestSessionResponse> {
    const begun = this.#take(this.#begun, request.sessionId);
    requireChannel(begun, channel);
    this.#begun.delete(idToHex(request.sessionId));
    const { evidence } = request;
    const role = evidence === undefined ? "" : evidence.role;
    if (evidence === undefined || !isAttestedRole(role) || role === "keys") {
      throw new KeysError("EVIDENCE_REJECTED", "The evidence is not of a role that is given keys.");
    }
    requireBoundedManifests(evidence);
    const nowMs = this.#parts.clock.nowMs();
    const notAfterMs = await this.#verify(evidence, role, begun.nonce, nowMs);
    const keys = boundKeys(evidence);
    requireChannelSignature(begun, keys.signer, request.channelSignature);
    const expiresAtMs = Math.min(nowMs + SESSION_MS, notAfterMs);
    this.#makeRoomFor(evidence);
    this.#put(this.#attested, {
      ...begun,
      ...keys,
      role,
      evidence,
      expiresAtMs,
      admittedBy: new WeakMap(),
      lastSequence: 0n,
    });
    return create(AttestSessionResponseSchema, { expiresAtMs: BigInt(expiresAtMs) });
  }

  /**
   * @throws KeysError SESSION_UNKNOWN for one that was never attested, has expired, or was of an earlier start;
   * CHANNEL_MISMATCH for a call that came between other TLS keys than the session was attested between
   */
  attested(sessionId: Uint8Array, channel: Channel | undefined): AttestedSession {
    const session = this.#take(this.#attested, sessionId);
    requireChannel(session, channel);
    return session;
  }

  /** What was begun and not attested, once: the challenge that other evidence than an instance's may answer. */
  challenged(sessionId: Uint8Array, channel: Channel | undefined): { readonly nonce: Uint8Array } {
    const begun = this.#take(this.#begun, sessionId);
    requireChannel(begun, channel);
    this.#begun.delete(idToHex(sessionId));
    return begun;
  }

  /** The sessions that last, each instance's newest. */
  lasting(): AttestedSession[] {
    const nowMs = this.#parts.clock.nowMs();
    const sessions = [...this.#attested.values()].filter(({ expiresAtMs }) => nowMs < expiresAtMs);
    return [...new Map(sessions.map((session) => [idToHex(session.evidence.signingPublicKey), session])).values()];
  }

  /** Authentic, fresh and bound; no tenant is concerned yet, so its own program is all that it is compared with. */
  async #verify(evidence: InstanceEvidence, role: ReleaseRole, nonce: Uint8Array, nowMs: number): Promise<number> {
    const { verifiers } = this.#parts;
    const binding: ReportBinding = { ...evidence, role, notAfterMs: Number(evidence.notAfterMs) };
    try {
      const policy = await this.#policyOfItself(evidence, role, nowMs);
      const expected = { nowMs, role, binding, nonce, verifiers };
      return (await verifyEvidence(evidence.evidence, policy, expected)).notAfterMs;
    } catch (cause) {
      if (!(cause instanceof AttestationError)) throw cause;
      throw new KeysError("EVIDENCE_REJECTED", `An instance's evidence was refused: ${cause.code}.`, { cause });
    }
  }

  async #policyOfItself(evidence: InstanceEvidence, role: ReleaseRole, nowMs: number): Promise<EvidencePolicy> {
    const { verifiers, simulatedRoots } = this.#parts;
    const nobody: EvidencePolicy["measurements"] = { keys: [], redaction: [], "enclave-inference": [], embedding: [] };
    const { format, body } = decodeEvidence(evidence.evidence);
    const verifier = verifiers.find((candidate) => candidate.format === format);
    const claims = await verifier?.verify(body, { measurements: nobody, simulatedRoots, hardware: anyHardware }, nowMs);
    if (claims === undefined) return { measurements: nobody, simulatedRoots, hardware: anyHardware };
    const { configurationDigest } = evidence;
    const itself = [{ measurement: claims.measurement, configurationDigest }];
    return { measurements: { ...nobody, [role]: itself }, simulatedRoots, hardware: anyHardware };
  }

  /** An instance that proves itself again and again ends its own older sessions and nobody else's. */
  #makeRoomFor({ signingPublicKey }: InstanceEvidence): void {
    const own = [...this.#attested].filter(
      ([, { evidence }]) => Buffer.compare(evidence.signingPublicKey, signingPublicKey) === 0,
    );
    for (const [id] of own.slice(0, own.length + 1 - MAX_SESSIONS_OF_INSTANCE)) this.#attested.delete(id);
  }

  #put<Session extends BegunSession | AttestedSession>(sessions: Map<string, Session>, session: Session): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const [id, { expiresAtMs }] of sessions) if (nowMs >= expiresAtMs) sessions.delete(id);
    const [oldest] = sessions.keys();
    if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
    sessions.set(idToHex(session.sessionId), session);
  }

  #take<Session extends BegunSession | AttestedSession>(sessions: Map<string, Session>, id: Uint8Array): Session {
    const session = sessions.get(idToHex(id));
    const isOurs =
      session !== undefined && session.sessionId.length === id.length && timingSafeEqual(session.sessionId, id);
    if (isOurs && this.#parts.clock.nowMs() < session.expiresAtMs) return session;
    throw new KeysError("SESSION_UNKNOWN", "The session is unknown or has expired: begin a new one.");
  }
}

/** They are kept as long as the session; what they say is each tenant's policy's to judge. */
function requireBoundedManifests({ releaseManifests }: InstanceEvidence): void {
  const isBounded =
    releaseManifests.length <= MAX_MANIFESTS && releaseManifests.every(({ length }) => length <= MAX_MANIFEST_BYTES);
  if (isBounded) return;
  throw new KeysError("EVIDENCE_REJECTED", "An instance showed too many release manifests, or one that is too large.");
}

function requireChannel({ channel: bound }: BegunSession | AttestedSession, channel: Channel | undefined): void {
  const isBound = bound === undefined ? channel === undefined : channel !== undefined && isSameChannel(bound, channel);
  if (isBound) return;
  throw new KeysError("CHANNEL_MISMATCH", "A session's call came between other TLS keys: its id was taken elsewhere.");
}

/** With somebody between us the instance has signed what it sees, which is not what we see. */
function requireChannelSignature(
  { sessionId, nonce, channel }: BegunSession,
  signer: VerifyingKey,
  signature: Uint8Array,
): void {
  if (channel === undefined) return;
  if (signer.verify(sessionChannelSigningBytes("instance", { sessionId, nonce, ...channel }), signature)) return;
  throw new KeysError(
    "CHANNEL_MISMATCH",
    "An instance sees another TLS connection than this one: somebody stands between.",
  );
}

function boundKeys(evidence: InstanceEvidence): Pick<AttestedSession, "kem" | "signer"> {
  try {
    return {
      kem: createKemPublicKey(nodeBackend, evidence.kemPublicKey),
      signer: createVerifyingKey(nodeBackend, evidence.signingPublicKey),
    };
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause;
    throw new KeysError("EVIDENCE_REJECTED", "An instance's evidence binds bytes that are no keys.", { cause });
  }
}
