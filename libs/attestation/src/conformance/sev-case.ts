import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import { certificatesFromPem } from "../certificates/index.ts";
import { AttestationError } from "../errors.ts";
import { SnpAuthenticator, type AuthenticSnpReport } from "../formats/sev-snp/authenticate.ts";
import { isSnpFault, type SnpFault, snpError } from "../formats/sev-snp/faults.ts";
import { checkGuest } from "../formats/sev-snp/guest-checks.ts";
import { isTcbAtLeast, readTcb } from "../formats/sev-snp/tcb.ts";
import { anyHexField, base64Field, byteField, unixTimeField } from "./case-fields.ts";
import type { CaseOutcome } from "./case-outcome.ts";
import { gunzip } from "./gunzip.ts";
import { judgeCase } from "./judge-case.ts";
import { sevOutputs } from "./sev-outputs.ts";

/** A report has 1,184 bytes. */
const MAX_DOCUMENT_BYTES = 64 * 1024;

const policySchema = z.strictObject({
  expected_measurement_hex: z.nullish(anyHexField),
  expected_host_data_hex: z.nullish(anyHexField),
  expected_report_data_hex: z.nullish(anyHexField),
  expected_id_key_digest_hex: z.nullish(anyHexField),
  expected_author_key_digest_hex: z.nullish(anyHexField),
  min_tcb_bl_spl: z.nullish(byteField),
  min_tcb_tee_spl: z.nullish(byteField),
  min_tcb_snp_spl: z.nullish(byteField),
  min_tcb_ucode_spl: z.nullish(byteField),
  enforce_spec_defaults: z.nullish(z.boolean()),
});

const inputSchema = z.object({
  schema_version: z.literal("1"),
  attestation_doc_b64: base64Field,
  vcek_der_b64: base64Field,
  amd_root_ca_pem: z.nullish(z.string()),
  ask_pem: z.nullish(z.string()),
  /** AMD's list of revoked authorities. */
  ark_crl_der_b64: z.nullish(base64Field),
  expiration_check_date_unix: z.nullish(unixTimeField),
  policy: z.nullish(policySchema),
});

type SevCase = z.infer<typeof inputSchema>;
type SevCasePolicy = z.infer<typeof policySchema>;

/**
 * Verifies one case of SEV-SNP: evidence, certificates, clock and policy in one JSON object.
 * @param nowMs the clock of a case that brings none.
 */
export async function verifySevCase(input: unknown, nowMs: number): Promise<CaseOutcome> {
  return judgeCase(input, {
    stage: "verify-attestation-sev",
    schema: inputSchema,
    verify: async (sevCase) => {
      const verified = await authenticate(sevCase, nowMs);
      checkPolicy(verified, sevCase.policy ?? {});
      return sevOutputs(verified);
    },
    codeOf: ({ fault }) => (isSnpFault(fault) ? fault : undefined),
  });
}

async function authenticate(input: SevCase, nowMs: number): Promise<AuthenticSnpReport> {
  const report = await gunzip(input.attestation_doc_b64, MAX_DOCUMENT_BYTES);
  if (!report) throw snpError("REPORT_FORMAT_UNSUPPORTED", "The document isn't gzip, or far too long.");
  const ark = authorityFrom(input.amd_root_ca_pem, "ARK_UNTRUSTED");
  const ask = authorityFrom(input.ask_pem, "ASK_INVALID");
  const authenticator = new SnpAuthenticator({ ...(ark && { ark }), ...(ask && { ask }) });
  const { vcek_der_b64: endorsementKey, ark_crl_der_b64: list } = input;
  const certificates = { endorsementKey, revocationList: list ?? undefined };
  return authenticator.authenticate(report, certificates, input.expiration_check_date_unix ?? nowMs);
}

function authorityFrom(pem: string | null | undefined, fault: SnpFault): Uint8Array | undefined {
  if (pem === undefined || pem === null) return undefined;
  try {
    return certificatesFromPem(pem)[0];
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw snpError(fault, "An authority that was given is no PEM certificate.", cause);
  }
}

function checkPolicy({ report, product, reportedTcb }: AuthenticSnpReport, policy: SevCasePolicy): void {
  const minimum = {
    bootloader: policy.min_tcb_bl_spl ?? 0,
    tee: policy.min_tcb_tee_spl ?? 0,
    snp: policy.min_tcb_snp_spl ?? 0,
    microcode: policy.min_tcb_ucode_spl ?? 0,
  };
  // A genuine machine runs nothing older than what it reports; a made-up one may say so.
  const stated = [reportedTcb, readTcb(report.currentTcb, product)];
  if (!stated.every((tcb) => isTcbAtLeast(tcb, minimum))) {
    throw snpError("TCB_OUT_OF_DATE", "A patch level of the machine is below the policy's minimum.");
  }
  if (policy.enforce_spec_defaults) checkGuest(report, { refuseSingleSocket: true });
  const expected: readonly (readonly [SnpFault, Uint8Array, Uint8Array | null | undefined])[] = [
    ["MEASUREMENT_MISMATCH", report.measurement, policy.expected_measurement_hex],
    ["HOST_DATA_MISMATCH", report.hostData, policy.expected_host_data_hex],
    ["REPORT_DATA_MISMATCH", report.reportData, policy.expected_report_data_hex],
    ["ID_KEY_DIGEST_MISMATCH", report.idKeyDigest, policy.expected_id_key_digest_hex],
    ["AUTHOR_KEY_DIGEST_MISMATCH", report.authorKeyDigest, policy.expected_author_key_digest_hex],
  ];
  for (const [fault, actual, wanted] of expected) {
    if (wanted && !equalBytes(actual, wanted)) throw snpError(fault, "The report states another value than expected.");
  }
}
