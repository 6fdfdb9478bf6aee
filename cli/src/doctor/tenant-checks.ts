import { ClientError, type Client } from "@cloister/client";
import type { RunningFile } from "@cloister/embedded/running-file";
import { DAY_MS, embeddedCapabilities, missingGuarantees, type Policy } from "@cloister/policy";
import { admissionSigner, readTenant, rootSigner } from "../tenant/tenant-folder.ts";
import { hexOf, timeText } from "../terminal.ts";
import type { Finding } from "./finding.ts";

type Found = Omit<Finding, "check">;

/** Long enough to sign, to have signed and to roll out a new version. */
const EXPIRY_WARNING_MS = 14 * DAY_MS;

/** That the folder's keys are its tenant's, and its owner's alone. */
export async function tenantFolder(folder: string): Promise<Found> {
  const tenant = await readTenant(folder);
  await rootSigner(folder, tenant);
  await admissionSigner(folder, tenant);
  return { result: "ok", detail: `Tenant ${tenant.tenantId}, its keys are its owner's alone.` };
}

/** From the tenant's root to the issuer that the key service holds. */
export async function chainOfTrust(client: Client): Promise<Found & { readonly policy: Policy }> {
  const { policy } = await client.verifiedChain();
  return { result: "ok", detail: "Verified from the tenant's root to the evidence of the key service.", policy };
}

export function policyInForce(policy: Policy, nowMs: number): Found {
  const { version, preset, expiresAtMs } = policy;
  const detail = `Version ${version} (${preset}) is in force until ${timeText(expiresAtMs)}.`;
  if (expiresAtMs - nowMs > EXPIRY_WARNING_MS) return { result: "ok", detail };
  return { result: "warning", detail, remedy: "Sign and apply the next version: after that time nothing is accepted." };
}

/** What the preset asks for and this deployment doesn't give. */
export function guarantees(policy: Policy): Found {
  if (!policy.development) return { result: "ok", detail: "The policy is for production." };
  return {
    result: "warning",
    detail: ["The policy is for development only.", ...missingGuarantees(policy, embeddedCapabilities)].join(" "),
    remedy: "For data of real people, run on attested hardware under a policy without `development`.",
  };
}

/** That the policy allows the programs which run on this data folder. */
export function allowedPrograms(policy: Policy, { measurements }: RunningFile): Found {
  const roles = ["keys", "redaction", "enclave-inference", "embedding"] as const;
  const isWithdrawn = (hex: string): boolean => policy.withdrawn?.some((one) => hexOf(one) === hex) === true;
  const refused = roles.filter((role) => {
    const { measurement, configurationDigest } = measurements[role];
    if (isWithdrawn(measurement)) return true;
    // Whether an instance has a manifest of the release signer is for `keys` to see.
    if ((policy.releaseSigners?.[role]?.length ?? 0) > 0) return false;
    return !policy.measurements[role].some(
      (allowed) =>
        hexOf(allowed.measurement) === measurement && hexOf(allowed.configurationDigest) === configurationDigest,
    );
  });
  if (refused.length === 0) return { result: "ok", detail: "The policy allows the code that runs, in each role." };
  return {
    result: "failed",
    code: "MEASUREMENT_NOT_ALLOWED",
    detail: `The policy doesn't allow the code that runs as ${refused.join(", ")}: no key is released to it.`,
    remedy: "If it was updated on purpose, sign a new version of the policy and apply it.",
  };
}

/** A message on its whole way. It is kept as long as any other. */
export async function roundTrip(ask: () => Promise<{ readonly model: string }>, nowMs: () => number): Promise<Found> {
  const startMs = nowMs();
  try {
    const { model } = await ask();
    return {
      result: "ok",
      detail: `A sealed message was answered by ${model} in ${Math.round(nowMs() - startMs)} ms.`,
    };
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== "REPLY_TIMEOUT") throw error;
    return {
      result: "failed",
      code: "REPLY_TIMEOUT",
      detail: "A sealed message was accepted and not answered in time.",
      remedy: "Read the logs of redaction and enclave-inference; the message waits and isn't lost.",
    };
  }
}
