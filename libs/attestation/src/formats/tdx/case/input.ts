import { hexToBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import { certificatesFromPem } from "../../../certificates/index.ts";
import { AttestationError } from "../../../errors.ts";
import type { TdxCollateral } from "../collateral.ts";
import type { TdxRequirements } from "../requirements.ts";
import { qvResultNamed } from "../tcb-status.ts";
import { TdxTrust } from "../trust.ts";

/** A quote with all that its verification needs, as `cloister attest verify` reads it from a file. */
export interface TdxCase {
  readonly quote: Uint8Array;
  readonly collateral: TdxCollateral;
  readonly trust: TdxTrust;
  readonly requirements: TdxRequirements;
  readonly nowMs: number;
}

const base64 = z.pipe(
  z.string().check(z.regex(/^[A-Za-z0-9+/]*={0,2}$/), z.refine(isBase64, "no base64")),
  z.transform((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))),
);
const hex = z.pipe(z.string().check(z.regex(/^(?:[0-9a-fA-F]{2})*$/)), z.transform(hexToBytes));
const optionalHex = z.optional(hex);

const policyDefaults = { accepted_qv_results: ["OK"], tcb_evaluation_required: true, enforce_spec_defaults: false };

const input = z.object({
  schema_version: z.literal("1"),
  quote_b64: base64,
  collateral: z.object({
    tcb_info_json: z.string(),
    qe_identity_json: z.string(),
    pck_crl_der_b64: base64,
    root_crl_der_b64: base64,
    intel_root_ca_pem: z.optional(z.string()),
    tcb_info_issuer_chain_pem: z.optional(z.string()),
    qe_identity_issuer_chain_pem: z.optional(z.string()),
    pck_crl_issuer_chain_pem: z.optional(z.string()),
  }),
  expiration_check_date_unix: z.int().check(z.gte(0)),
  policy: z.optional(
    z.object({
      accepted_qv_results: z._default(z.array(z.string()), policyDefaults.accepted_qv_results),
      tcb_evaluation_required: z._default(z.boolean(), policyDefaults.tcb_evaluation_required),
      enforce_spec_defaults: z._default(z.boolean(), policyDefaults.enforce_spec_defaults),
      min_tcb_evaluation_data_number: z.optional(z.int()),
      min_tee_tcb_svn_hex: optionalHex,
      expected_mrseam_allowlist: z.optional(z.array(hex)),
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
    }),
  ),
});
type Input = z.infer<typeof input>;
type Policy = NonNullable<Input["policy"]>;

/**
 * Parses the JSON of a case.
 * @throws AttestationError EVIDENCE_MALFORMED, naming the first field that is missing or not in its form.
 */
export function readTdxCase(json: unknown): TdxCase {
  const { data, error } = z.safeParse(input, json);
  if (!data) throw malformed(error.issues[0]?.path.join(".") ?? "");
  const { intel_root_ca_pem: root } = data.collateral;
  return {
    quote: data.quote_b64,
    collateral: collateralOf(data.collateral),
    trust: root === undefined ? TdxTrust.intel() : TdxTrust.fromPem(root),
    requirements: requirementsOf(data.policy ?? policyDefaults),
    nowMs: data.expiration_check_date_unix * 1000,
  };
}

function collateralOf(collateral: Input["collateral"]): TdxCollateral {
  return {
    tcbInfo: collateral.tcb_info_json,
    qeIdentity: collateral.qe_identity_json,
    pckCrl: collateral.pck_crl_der_b64,
    rootCrl: collateral.root_crl_der_b64,
    ...defined({
      tcbInfoIssuers: issuers(collateral.tcb_info_issuer_chain_pem),
      qeIdentityIssuers: issuers(collateral.qe_identity_issuer_chain_pem),
      pckCrlIssuers: issuers(collateral.pck_crl_issuer_chain_pem),
    }),
  };
}

function requirementsOf(policy: Policy): TdxRequirements {
  return {
    acceptedResults: policy.accepted_qv_results.flatMap((name) => qvResultNamed(name) ?? []),
    isTcbEvaluationRequired: policy.tcb_evaluation_required,
    isExpiredCollateralAccepted: true,
    enforcesSpecDefaults: policy.enforce_spec_defaults,
    ...defined({
      minTcbEvaluationDataNumber: policy.min_tcb_evaluation_data_number,
      minTeeTcbSvn: policy.min_tee_tcb_svn_hex,
      allowedMrSeams: policy.expected_mrseam_allowlist,
    }),
    expected: defined({
      fmspc: policy.expected_fmspc_hex,
      qeVendorId: policy.expected_qe_vendor_id_hex,
      tdAttributes: policy.expected_td_attributes_hex,
      xfam: policy.expected_xfam_hex,
      mrSignerSeam: policy.expected_mr_signer_seam_hex,
      seamAttributes: policy.expected_seam_attributes_hex,
      mrTd: policy.expected_mrtd_hex,
      mrConfigId: policy.expected_mr_config_id_hex,
      mrOwner: policy.expected_mr_owner_hex,
      mrOwnerConfig: policy.expected_mr_owner_config_hex,
      rtmr3: policy.expected_rtmr3_hex,
      reportData: policy.expected_report_data_hex,
    }),
  };
}

/** A chain that is no PEM is a chain without certificates: what it should have proved is then not proved. */
function issuers(pem: string | undefined): readonly Uint8Array[] | undefined {
  if (pem === undefined) return undefined;
  try {
    return certificatesFromPem(pem);
  } catch {
    return [];
  }
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  // Without the entries that are undefined, what is left has the type that `Defined` says.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function isBase64(text: string): boolean {
  try {
    atob(text);
    return true;
  } catch {
    return false;
  }
}

function malformed(field: string): AttestationError {
  return new AttestationError("EVIDENCE_MALFORMED", `The case is not in its format: look at "${field}".`);
}
