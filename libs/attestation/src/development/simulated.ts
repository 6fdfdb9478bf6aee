import { p256 } from "@noble/curves/nist.js";
import { equalBytes } from "@noble/curves/utils.js";
import { decode, encode } from "cborg";
import { AttestationError } from "../errors.ts";
import type { EvidenceSource } from "../evidence-source.ts";
import { lengthPrefixed } from "../length-prefixed.ts";
import { REPORT_DATA_BYTES } from "../report-data.ts";
import type { AttestedRole } from "../roles.ts";
import { encodeEvidence } from "../tagged-evidence.ts";
import type { EvidenceClaims, EvidencePolicy, EvidenceVerifier } from "../verifier.ts";

export { measureFiles, type MeasuredFile } from "./measure-files.ts";

/**
 * Evidence without hardware, for development builds only. Body, deterministic CBOR:
 * [payload bytes, root public key (33), ECDSA P-256 signature (64, r ‖ s, low s)]
 * payload, deterministic CBOR: [role, measurement (48), report data (64), issued at ms]
 */
const SIGNATURE_LABEL = "cloister/v1 simulated evidence";
const MAX_BODY_BYTES = 1024;
const ECDSA = { prehash: true, lowS: true } as const;
const STRICT_CBOR = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
};

/** Stands in for a hardware vendor's root: one per data folder, trusted only where a development policy names it. */
export class SimulatedRoot {
  /** P-256, compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly #secretKey: Uint8Array;

  private constructor(secretKey: Uint8Array) {
    this.#secretKey = secretKey;
    this.publicKey = p256.getPublicKey(secretKey, true);
  }

  static create(): SimulatedRoot {
    return new SimulatedRoot(p256.utils.randomSecretKey());
  }

  /** @throws AttestationError EVIDENCE_MALFORMED unless given 32 bytes of a P-256 secret key. */
  static fromSecretKey(secretKey: Uint8Array): SimulatedRoot {
    if (!p256.utils.isValidSecretKey(secretKey)) {
      throw new AttestationError("EVIDENCE_MALFORMED", "The stored simulated root is no P-256 key.");
    }
    return new SimulatedRoot(secretKey.slice());
  }

  /** 32 bytes, to be stored in a file that only its owner reads. */
  exportSecretKey(): Uint8Array {
    return this.#secretKey.slice();
  }

  sign(payload: Uint8Array): Uint8Array {
    return p256.sign(lengthPrefixed([SIGNATURE_LABEL, payload]), this.#secretKey, ECDSA);
  }

  toString(): string {
    return "[key]";
  }

  toJSON(): string {
    return "[key]";
  }
}

export interface SimulatedIdentity {
  readonly role: AttestedRole;
  /** From `measureFiles`, 48 bytes. */
  readonly measurement: Uint8Array;
}

/** Evidence that states what it is told: it protects nothing, and lets the same code path run without hardware. */
export function simulatedEvidenceSource(
  root: SimulatedRoot,
  identity: SimulatedIdentity,
  clock: { nowMs(): number },
): EvidenceSource {
  return {
    format: "simulated",
    collect: (reportData) => {
      const payload = encode([identity.role, identity.measurement, reportData, clock.nowMs()]);
      const body = encode([payload, root.publicKey, root.sign(payload)]);
      return Promise.resolve(encodeEvidence({ format: "simulated", body }));
    },
  };
}

/** To be passed to `verifyEvidence` by development builds alone. */
export const simulatedVerifier: EvidenceVerifier = {
  format: "simulated",
  verify(body: Uint8Array, policy: EvidencePolicy): EvidenceClaims {
    const [payload, rootKey, signature] = parseBody(body);
    if (!policy.simulatedRoots.some((root) => equalBytes(root, rootKey))) {
      throw new AttestationError("ROOT_NOT_TRUSTED", "The policy doesn't name the simulated root of this evidence.");
    }
    if (!isSignedBy(rootKey, payload, signature)) {
      throw new AttestationError("SIGNATURE_INVALID", "The simulated evidence isn't signed by its root.");
    }
    return parsePayload(payload);
  },
};

function isSignedBy(rootKey: Uint8Array, payload: Uint8Array, signature: Uint8Array): boolean {
  try {
    return p256.verify(signature, lengthPrefixed([SIGNATURE_LABEL, payload]), rootKey, ECDSA);
  } catch {
    return false; // noble throws on a point or signature that isn't one
  }
}

function parseBody(body: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const [payload, rootKey, signature, ...rest] = decodeArray(body);
  if (isBytes(payload) && isBytes(rootKey, 33) && isBytes(signature, 64) && rest.length === 0) {
    return [payload, rootKey, signature];
  }
  throw malformed();
}

function parsePayload(payload: Uint8Array): EvidenceClaims {
  const [role, measurement, reportData, issuedAtMs, ...rest] = decodeArray(payload);
  const isSound =
    typeof role === "string" &&
    isBytes(measurement, 48) &&
    isBytes(reportData, REPORT_DATA_BYTES) &&
    typeof issuedAtMs === "number" &&
    Number.isSafeInteger(issuedAtMs) &&
    rest.length === 0;
  if (!isSound) throw malformed();
  return { role, measurement, reportData, issuedAtMs };
}

function decodeArray(bytes: Uint8Array): readonly unknown[] {
  if (bytes.length > MAX_BODY_BYTES) throw malformed();
  let value: unknown;
  let canonical: Uint8Array;
  try {
    value = decode(bytes, STRICT_CBOR);
    canonical = encode(value);
  } catch (cause) {
    throw malformed(cause);
  }
  if (!Array.isArray(value) || !equalBytes(canonical, bytes)) throw malformed();
  return value;
}

function isBytes(value: unknown, length?: number): value is Uint8Array {
  return value instanceof Uint8Array && (length === undefined || value.length === length);
}

function malformed(cause?: unknown): AttestationError {
  return new AttestationError("EVIDENCE_MALFORMED", "The simulated evidence is not in its format.", { cause });
}
