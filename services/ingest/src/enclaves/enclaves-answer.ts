import { attestedRoles, type EvidenceFormat } from "@cloister/attestation";
import { presetNames } from "@cloister/policy";
import { z } from "zod";

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${String(2 * bytes)}}$`, "u"));
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/u);
const timeMs = z.int().nonnegative();

const program = z.strictObject({ measurement: hex(48), configurationDigest: hex(48) });

const formats = ["aws-nitro", "sev-snp", "intel-tdx", "simulated"] as const satisfies readonly EvidenceFormat[];

const instance = z.strictObject({
  evidenceFormat: z.enum(formats).describe("Who vouches for what runs; `simulated` is nobody"),
  isHardware: z.boolean().describe("False where the evidence is simulated: no hardware proves what runs"),
  evidence: base64.describe("Tagged evidence. VERIFIABLE against the policy, and it binds all fields beside it"),
  configurationDigest: hex(48),
  kemPublicKey: base64.describe("X-Wing, 1,216 bytes: what keys are released to"),
  signingPublicKey: base64.describe("Ed25519, 32 bytes: what signs replies, or issuer notes in the case of `keys`"),
  nonce: base64.describe("Empty or 32 bytes"),
  notAfterMs: timeMs,
  releaseManifests: z
    .array(base64)
    .describe("Signed notes beside the evidence. VERIFIABLE by the release signers that the policy names for the role"),
  certificate: base64
    .nullable()
    .describe(
      "Signed note of the tenant's issuer. VERIFIABLE by the issuer note; null for `keys`, which signs that note",
    ),
});

/** What `GET /v1/enclaves` answers. */
export const enclavesAnswer = z.strictObject({
  tenantIdHex: hex(16),
  chain: z
    .strictObject({
      genesisRoot: base64.describe("Ed25519, 32 bytes; the tenant's id is made of it"),
      rootRotations: z.array(base64).describe("Signed notes, oldest first"),
      policy: base64.describe("Signed note of the policy in force"),
      issuerNote: base64.describe("Signed note: the tenant's issuer key, by the key that the evidence of `keys` binds"),
    })
    .describe("VERIFIABLE from the tenant id that you configure, never from one that you fetch"),
  policy: z
    .strictObject({
      version: z.int().min(1),
      preset: z.enum(presetNames),
      isDevelopment: z.boolean().describe("True allows what this deployment can't guarantee"),
      expiresAtMs: timeMs,
      withdrawn: z.array(hex(48)).describe("Measurements that are refused in every role, whatever allows them"),
    })
    .describe("Read from the policy of `chain`, which is what to verify"),
  missingGuarantees: z
    .array(z.string())
    .describe("ASSERTED by the deployment: what the policy's preset requires and is not given here"),
  roles: z.array(
    z.strictObject({
      role: z.enum(attestedRoles),
      allowed: z.array(program).describe("Programs that the policy allows. VERIFIABLE: they stand in its note"),
      releaseSigners: z
        .array(z.strictObject({ name: z.string(), publicKey: hex(32) }))
        .describe("Whose release manifests allow further programs. VERIFIABLE: they stand in the policy's note"),
      instances: z
        .array(instance)
        .describe("That these run now, and no others, is ASSERTED; what each of them is, is VERIFIABLE"),
    }),
  ),
});

export type EnclavesAnswer = z.infer<typeof enclavesAnswer>;
