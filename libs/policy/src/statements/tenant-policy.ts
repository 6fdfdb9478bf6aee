import { equalBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { noteKeyName } from "../key-names.ts";
import { unverifiedNoteText } from "../notes.ts";
import { policyFormat, readUnverifiedPolicy, type Policy } from "../policy.ts";
import { openStatement, signStatement } from "../statement.ts";

/** Signed by the tenant's current root, the last of `policy.roots`. */
export function signPolicy(policy: Policy, root: NoteSigner): Uint8Array {
  return signStatement(policyFormat, policy, [{ name: noteKeyName(policy.tenantId, "root"), key: root }]);
}

export interface VerifiedPolicy {
  readonly policy: Policy;
  /** SHA-256 of the signed text, 32 bytes: two notes over one text are one policy. */
  readonly policyHash: Uint8Array;
}

export interface PolicyExpectations {
  readonly tenantId: Uint8Array;
  /** All roots as the rotations prove them, genesis first. */
  readonly roots: readonly Uint8Array[];
  readonly nowMs: number;
  /** The newest version that the verifier has seen; an older one is refused. */
  readonly knownVersion?: number;
  /** Production builds pass false. */
  readonly allowDevelopment: boolean;
}

/**
 * @throws PolicyError of `openNote`; POLICY_MALFORMED; POLICY_FOREIGN if of another tenant or root history;
 * POLICY_STALE if older than knownVersion; POLICY_EXPIRED outside its life; DEVELOPMENT_REFUSED.
 */
export function verifyPolicy(note: Uint8Array, expected: PolicyExpectations): VerifiedPolicy {
  const root = expected.roots.at(-1);
  if (root === undefined) throw new PolicyError("ROOT_UNTRUSTED", "No root is known to check a policy against.");
  const name = noteKeyName(expected.tenantId, "root");
  const { value: policy, text } = openStatement(policyFormat, note, [{ name, publicKey: root }]);
  checkOwner(policy, expected);
  if (policy.version < (expected.knownVersion ?? 0)) {
    throw new PolicyError("POLICY_STALE", "The policy is older than one already in force.");
  }
  if (expected.nowMs < policy.notBeforeMs || expected.nowMs >= policy.expiresAtMs) {
    throw new PolicyError(
      "POLICY_EXPIRED",
      "The policy is expired or not yet in force; have the tenant sign a new one.",
    );
  }
  if (policy.development && !expected.allowDevelopment) {
    throw new PolicyError("DEVELOPMENT_REFUSED", "A policy marked development is refused outside development builds.");
  }
  return { policy, policyHash: hashOfText(text) };
}

/**
 * An earlier policy that a verified statement names by its hash: who the recipients were when a conversation was opened.
 * Its signature was checked when it was applied, and the hash leaves no other text.
 * @throws PolicyError NOTE_MALFORMED, POLICY_MALFORMED; POLICY_FOREIGN if the hash is another one.
 */
export function readPinnedPolicy(note: Uint8Array, policyHash: Uint8Array): Policy {
  if (!equalBytes(policyHashOf(note), policyHash)) {
    throw new PolicyError("POLICY_FOREIGN", "This is not the policy that the statement was made under.");
  }
  return readUnverifiedPolicy(note);
}

/**
 * SHA-256 of a policy's signed text, 32 bytes, whoever signed it: what statements pin a policy by.
 * @throws PolicyError NOTE_MALFORMED.
 */
export function policyHashOf(note: Uint8Array): Uint8Array {
  return hashOfText(unverifiedNoteText(note));
}

function hashOfText(text: string): Uint8Array {
  return sha256(utf8ToBytes(text));
}

function checkOwner(policy: Policy, { tenantId, roots }: PolicyExpectations): void {
  const hasSameRoots =
    policy.roots.length === roots.length &&
    policy.roots.every((root, index) => equalBytes(root, roots[index] ?? new Uint8Array()));
  if (!equalBytes(policy.tenantId, tenantId) || !hasSameRoots) {
    throw new PolicyError("POLICY_FOREIGN", "The policy belongs to another tenant or to another history of roots.");
  }
}
