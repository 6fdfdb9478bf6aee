import type { AllowedMeasurement, AttestedRole, EvidencePolicy } from "@cloister/attestation";
import * as z from "zod/mini";
import { HOUR_MS } from "./buckets.ts";
import { hex, shortName } from "./fields.ts";
import type { Policy } from "./policy.ts";

const level = z.int().check(z.nonnegative(), z.maximum(255));
const levels = z.strictObject({
  /** Turin's firmware configuration. */
  fmc: z.optional(level),
  bootloader: level,
  tee: level,
  snp: level,
  microcode: level,
});

/** A machine's id in lower-case hex: the CHIP_ID of SEV-SNP, the PPID of TDX. */
const machineId = z.string().check(z.regex(/^(?:[0-9a-f]{2}){8,64}$/));
const register = z.string().check(z.regex(/^(?:[0-9]|[12][0-9]|3[01])$/));

/** Which hardware counts as hardware. Evidence of a kind that isn't named is refused, as is a product line. */
export const hardwareField = z.strictObject({
  "aws-nitro": z.optional(
    z.strictObject({
      /** Further registers that must have these values, by index: 3 the parent's role, 4 its instance, 8 the signer. */
      pcrs: z.optional(z.record(register, hex(48))),
    }),
  ),
  "sev-snp": z.optional(
    z.strictObject({
      /** The lowest patch levels, by product line. */
      minimumTcb: z.strictObject({
        milan: z.optional(levels),
        genoa: z.optional(levels),
        turin: z.optional(levels),
      }),
      /** What a host may give a guest as HOST_DATA; nothing (zeros) if left out. */
      hostData: z.optional(z.array(hex(32)).check(z.minLength(1), z.maxLength(16))),
      /** Evidence must bring AMD's current list of revoked authorities along. */
      revocationList: z.optional(z.literal("required")),
    }),
  ),
  "intel-tdx": z.optional(
    z.strictObject({
      /** What may come of Intel's rules for the platform's status; `OK` alone if left out. */
      acceptedResults: z.optional(
        z
          .array(
            z.enum([
              "OK",
              "SW_HARDENING_NEEDED",
              "CONFIG_NEEDED",
              "CONFIG_AND_SW_HARDENING_NEEDED",
              "OUT_OF_DATE",
              "OUT_OF_DATE_CONFIG_NEEDED",
              "TD_RELAUNCH_ADVISED",
              "TD_RELAUNCH_ADVISED_CONFIG_NEEDED",
            ]),
          )
          .check(z.minLength(1), z.maxLength(8)),
      ),
      minimumTcbEvaluationDataNumber: z.optional(z.int().check(z.nonnegative(), z.maximum(0xffffffff))),
    }),
  ),
  /** Evidence above this age is refused; of hardware without a clock, all that answers no challenge. */
  maximumEvidenceAgeMs: z.optional(z.int().check(z.minimum(60_000), z.maximum(HOUR_MS))),
  /** By region: machines that the tenant knows to stand there. Their region counts as attested. */
  machines: z.optional(z.record(shortName, z.array(machineId).check(z.maxLength(1024)))),
  /** Who signs claims about GPUs, as their `iss` has it. */
  gpuIssuer: z.optional(z.string().check(z.regex(/^https:\/\/[a-zA-Z0-9.-]{1,200}$/))),
});

/** Whether evidence of any hardware counts at all. */
export function namesHardware({ hardware }: Pick<Policy, "hardware">): boolean {
  return [hardware?.["aws-nitro"], hardware?.["sev-snp"], hardware?.["intel-tdx"]].some((named) => named !== undefined);
}

/**
 * The part of a tenant's policy that the evidence of a role is judged by. A `development` policy demands neither a
 * region nor a GPU: nothing simulated could prove them.
 * @param released what release manifests beside the evidence allow in this role
 */
export function evidencePolicyFor(
  role: AttestedRole,
  policy: Policy,
  released: Iterable<AllowedMeasurement> = [],
): EvidencePolicy {
  const { measurements, withdrawn, development, hardware } = policy;
  return {
    measurements: { ...measurements, [role]: [...measurements[role], ...released] },
    withdrawn,
    hardware,
    simulatedRoots: development ? policy.simulatedRoots : [],
    maximumAgeMs: hardware?.maximumEvidenceAgeMs,
    attestedRegions: development ? undefined : attestedRegions(role, policy),
    gpu: development ? undefined : demandedGpu(policy),
  };
}

/** A tenant that runs `keys` itself says where that stands. */
function attestedRegions(role: AttestedRole, { residency, kms, hardware }: Policy): EvidencePolicy["attestedRegions"] {
  const isTheTenants = role === "keys" && kms.custody === "hyok";
  if (!residency.attested || residency.regions.length === 0 || isTheTenants) return undefined;
  return { regions: residency.regions, platforms: hardware?.machines ?? {} };
}

/** Without a name no issuer is this one, so the role is refused. */
function demandedGpu({ modelLocality, hardware }: Policy): EvidencePolicy["gpu"] {
  if (modelLocality !== "enclave-attested-gpu") return undefined;
  return { roles: ["enclave-inference"], issuer: hardware?.gpuIssuer ?? "" };
}
