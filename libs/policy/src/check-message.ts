import { equalBytes } from "@noble/curves/utils.js";
import { PolicyError } from "./errors.ts";
import type { Policy } from "./policy.ts";

/** How far a sender's clock may run ahead. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** The parts of an inbound envelope's header that a policy speaks about. */
export interface MessageHeader {
  readonly tenantId: Uint8Array;
  readonly policyVersion: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface MessageContext {
  readonly nowMs: number;
  /** Where this cell runs, and whether hardware proves it. */
  readonly region?: { readonly name: string; readonly isAttested: boolean };
}

/**
 * Refuses a message that breaks its tenant's policy, as far as that can be known without a key.
 * @throws PolicyError POLICY_FOREIGN; POLICY_STALE if pinned to a newer policy than this one (the message may wait for
 * it); POLICY_EXPIRED; MESSAGE_EXPIRED; RETENTION_TOO_LONG if it would be kept longer than the flow period, counted from
 * its creation or from now, whichever is earlier; RESIDENCY_VIOLATION.
 */
export function checkMessage(policy: Policy, header: MessageHeader, context: MessageContext): void {
  const { nowMs } = context;
  if (!equalBytes(header.tenantId, policy.tenantId)) {
    throw new PolicyError("POLICY_FOREIGN", "The message is of another tenant.");
  }
  if (header.policyVersion > policy.version) {
    throw new PolicyError("POLICY_STALE", "The message was sealed under a newer policy than the one known here.");
  }
  if (nowMs < policy.notBeforeMs || nowMs >= policy.expiresAtMs) {
    throw new PolicyError("POLICY_EXPIRED", "The tenant's policy is expired; have it sign a new one.");
  }
  if (nowMs >= header.expiresAtMs) throw new PolicyError("MESSAGE_EXPIRED", "The message is past its expiry.");
  const keptFromMs = Math.min(header.createdAtMs, nowMs + MAX_CLOCK_SKEW_MS);
  if (header.expiresAtMs - keptFromMs > policy.periods.flow.periodMs) {
    throw new PolicyError("RETENTION_TOO_LONG", "The message asks to be kept longer than the policy allows.");
  }
  checkResidency(policy, context);
}

function checkResidency({ residency, development }: Policy, { region }: MessageContext): void {
  if (residency.regions.length === 0) return;
  const isListed = region !== undefined && residency.regions.includes(region.name);
  const isProved = region?.isAttested === true || !residency.attested || development;
  if (!isListed || !isProved) {
    throw new PolicyError("RESIDENCY_VIOLATION", "The policy doesn't let messages be processed in this region.");
  }
}
