import * as z from "zod/mini";
import { certificatesFromPem } from "../certificates/index.ts";
import type { TdxCollateral } from "../formats/tdx/collateral.ts";
import { isTdxFault } from "../formats/tdx/faults.ts";
import type { ExpectedFields, TdxRequirements } from "../formats/tdx/requirements.ts";
import { qvResultNamed } from "../formats/tdx/tcb-status.ts";
import { TdxTrust } from "../formats/tdx/trust.ts";
import { verifyTdxQuote } from "../formats/tdx/verify-quote.ts";
import { anyHexField, base64Field, unixTimeField } from "./case-fields.ts";
import type { CaseOutcome } from "./case-outcome.ts";
import { judgeCase } from "./judge-case.ts";
import { tdxOutputs } from "./tdx-outputs.ts";

const optionalHex = z.nullish(anyHexField);
const optionalText = z.nullish(z.string());

const collateralSchema = z.object({
  tcb_info_json: z.string(),
  qe_identity_json: z.string(),
  pck_crl_der_b64: base64Field,
  root_crl_der_b64: base64Field,
  intel_root_ca_pem: optionalText,
  tcb_info_issuer_chain_pem: optionalText,
  qe_identity_issuer_chain_pem: optionalText,
  pck_crl_issuer_chain_pem: optionalText,
});

const policySchema = z.strictObject({
  accepted_qv_results: z.nullish(z.array(z.string())),
  tcb_evaluation_required: z.nullish(z.boolean()),
  enforce_spec_defaults: z.nullish(z.boolean()),
  min_tcb_evaluation_data_number: z.nullish(z.int()),
  min_tee_tcb_svn_hex: optionalHex,
  expected_mrseam_allowlist: z.nullish(z.array(anyHexField)),
  expected_fmspc_hex: optionalHex,
  expected_qe_vendor_id_hex: optionalHex,
  expected_td_attributes_hex: optionalHex,
  expected_xfam_hex: optionalHex,
  expected_mr_signer_seam_hex: optionalHex,
  expected_seam_attributes_hex: optionalHex,
  expected_mrtd_hex: optionalHex,
  expected_mr_config_id_hex: optionalHex,
  expected_mr_owner_hex: optionalHex,
  expected_mr_owner_config_hex: optionalHex,
  expected_rtmr3_hex: optionalHex,
  expected_report_data_hex: optionalHex,
});

const inputSchema = z.object({
  schema_version: z.literal("1"),
  quote_b64: base64Field,
  collateral: collateralSchema,
  expiration_check_date_unix: z.nullish(unixTimeField),
  policy: z.nullish(policySchema),
});

type TdxCase = z.infer<typeof inputSchema>;
type TdxCasePolicy = z.infer<typeof policySchema>;

/**
 * Verifies one case of TDX: quote, collateral, clock and policy in one JSON object. Bytes after the quote are ignored,
 * and collateral past its date counts, as the cases have it; verifiers of evidence refuse both.
 * @param nowMs the clock of a case that brings none.
 */
export async function verifyTdxCase(input: unknown, nowMs: number): Promise<CaseOutcome> {
  return judgeCase(input, {
    stage: "verify-attestation-tdx",
    schema: inputSchema,
    verify: async (tdxCase) => tdxOutputs(await verify(tdxCase, nowMs)),
    codeOf: ({ fault }) => (isTdxFault(fault) ? fault : undefined),
  });
}

function verify({ quote_b64: quote, collateral, policy, ...input }: TdxCase, nowMs: number) {
  const { intel_root_ca_pem: root } = collateral;
  return verifyTdxQuote(quote, collateralOf(collateral), {
    trust: typeof root === "string" ? TdxTrust.fromPem(root) : TdxTrust.intel(),
    requirements: requirementsOf(policy ?? {}),
    nowMs: input.expiration_check_date_unix ?? nowMs,
    bytesAfterQuote: "ignored",
  });
}

function collateralOf(collateral: TdxCase["collateral"]): TdxCollateral {
  const tcbInfoIssuers = chainOf(collateral.tcb_info_issuer_chain_pem);
  const qeIdentityIssuers = chainOf(collateral.qe_identity_issuer_chain_pem);
  const pckCrlIssuers = chainOf(collateral.pck_crl_issuer_chain_pem);
  return {
    tcbInfo: collateral.tcb_info_json,
    qeIdentity: collateral.qe_identity_json,
    pckCrl: collateral.pck_crl_der_b64,
    rootCrl: collateral.root_crl_der_b64,
    ...(tcbInfoIssuers && { tcbInfoIssuers }),
    ...(qeIdentityIssuers && { qeIdentityIssuers }),
    ...(pckCrlIssuers && { pckCrlIssuers }),
  };
}

/** A chain that is no PEM is a chain without certificates: what it should have proved is not proved. */
function chainOf(pem: string | null | undefined): readonly Uint8Array[] | undefined {
  if (typeof pem !== "string") return undefined;
  try {
    return certificatesFromPem(pem);
  } catch {
    return [];
  }
}

function requirementsOf(policy: TdxCasePolicy): TdxRequirements {
  const {
    min_tcb_evaluation_data_number: minTcbEvaluationDataNumber,
    min_tee_tcb_svn_hex: minTeeTcbSvn,
    expected_mrseam_allowlist: allowedMrSeams,
  } = policy;
  return {
    acceptedResults: (policy.accepted_qv_results ?? ["OK"]).flatMap((name) => qvResultNamed(name) ?? []),
    isTcbEvaluationRequired: policy.tcb_evaluation_required ?? true,
    isExpiredCollateralAccepted: true,
    enforcesSpecDefaults: policy.enforce_spec_defaults ?? false,
    expected: expectedOf(policy),
    ...(typeof minTcbEvaluationDataNumber === "number" && { minTcbEvaluationDataNumber }),
    ...(minTeeTcbSvn && { minTeeTcbSvn }),
    ...(allowedMrSeams && { allowedMrSeams }),
  };
}

function expectedOf(policy: TdxCasePolicy): ExpectedFields {
  const fields: readonly (readonly [keyof ExpectedFields, Uint8Array | null | undefined])[] = [
    ["fmspc", policy.expected_fmspc_hex],
    ["qeVendorId", policy.expected_qe_vendor_id_hex],
    ["tdAttributes", policy.expected_td_attributes_hex],
    ["xfam", policy.expected_xfam_hex],
    ["mrSignerSeam", policy.expected_mr_signer_seam_hex],
    ["seamAttributes", policy.expected_seam_attributes_hex],
    ["mrTd", policy.expected_mrtd_hex],
    ["mrConfigId", policy.expected_mr_config_id_hex],
    ["mrOwner", policy.expected_mr_owner_hex],
    ["mrOwnerConfig", policy.expected_mr_owner_config_hex],
    ["rtmr3", policy.expected_rtmr3_hex],
    ["reportData", policy.expected_report_data_hex],
  ];
  return Object.fromEntries(fields.filter(([, value]) => value instanceof Uint8Array));
}
