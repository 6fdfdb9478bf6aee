import { equalBytes } from "@noble/curves/utils.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as z from "zod/mini";
import { AttestationError, type AttestationErrorCode } from "../errors.ts";
import { type AuthenticNitroDocument, NitroAuthenticator } from "../formats/nitro/authenticate.ts";
import { type CarriedDocument, carriedDocument } from "../formats/nitro/carried-document.ts";
import { imageOf } from "../formats/nitro/verifier.ts";
import { anyHexField, base64Field, unixTimeField } from "./case-fields.ts";
import type { CaseOutcome } from "./case-outcome.ts";
import { judgeCase } from "./judge-case.ts";

const policySchema = z.strictObject({
  expected_pcrs_hex: z.nullish(z.record(z.string().check(z.regex(/^\d{1,2}$/)), anyHexField)),
  expected_user_data_hex: z.nullish(anyHexField),
  expected_public_key_hex: z.nullish(anyHexField),
  expected_nonce_hex: z.nullish(anyHexField),
  enforce_spec_defaults: z.nullish(z.boolean()),
});

const inputSchema = z.object({
  schema_version: z.literal("1"),
  nitro_document_b64: base64Field,
  /** SHA-256 of a root in place of AWS's, for documents that are made up on purpose. */
  root_sha256_hex: z.nullish(anyHexField),
  expiration_check_date_unix: z.nullish(unixTimeField),
  policy: z.nullish(policySchema),
});

type NitroCasePolicy = z.infer<typeof policySchema>;

/**
 * Verifies one document of AWS Nitro Enclaves: COSE_Sign1, with or without its tag, in base64. Bytes around it, as tools
 * leave them, are ignored and counted; verifiers of evidence refuse them. Rejections are codes of AttestationError.
 * @param nowMs the clock of a case that brings none.
 */
export async function verifyNitroCase(input: unknown, nowMs: number): Promise<CaseOutcome> {
  return judgeCase(input, {
    stage: "verify-attestation-nitro",
    schema: inputSchema,
    verify: async ({
      nitro_document_b64: document,
      root_sha256_hex: root,
      expiration_check_date_unix: clockMs,
      policy,
    }) => {
      const authenticator = root ? new NitroAuthenticator([bytesToHex(root)]) : new NitroAuthenticator();
      const carried = carriedDocument(document);
      const verified = await authenticator.authenticate(carried.document, clockMs ?? nowMs);
      checkPolicy(verified, policy ?? {});
      return outputs(verified, carried);
    },
    codeOf: ({ code }) => code,
  });
}

function checkPolicy(document: AuthenticNitroDocument, policy: NitroCasePolicy): void {
  if (policy.enforce_spec_defaults) imageOf(document);
  for (const [index, wanted] of Object.entries(policy.expected_pcrs_hex ?? {})) {
    checkField(`PCR${index}`, document.pcrs.get(Number(index)), wanted, "MEASUREMENT_NOT_ALLOWED");
  }
  checkField("user_data", document.userData, policy.expected_user_data_hex, "REPORT_DATA_MISMATCH");
  checkField("public_key", document.publicKey, policy.expected_public_key_hex, "REPORT_DATA_MISMATCH");
  checkField("nonce", document.nonce, policy.expected_nonce_hex, "NONCE_MISMATCH");
}

function checkField(
  name: string,
  actual: Uint8Array | undefined,
  wanted: Uint8Array | null | undefined,
  code: AttestationErrorCode,
): void {
  if (!wanted || (actual && equalBytes(actual, wanted))) return;
  throw new AttestationError(code, `${name} of the document has another value than expected.`);
}

function outputs(
  document: AuthenticNitroDocument,
  { bytesBefore, bytesAfter }: CarriedDocument,
): Readonly<Record<string, unknown>> {
  const hexOf = (bytes: Uint8Array | undefined): string | null => (bytes ? bytesToHex(bytes) : null);
  const pcrs = [...document.pcrs].map(([index, value]) => [String(index), bytesToHex(value)] as const);
  return {
    cloister_measurement_hex: hexOf(document.pcrs.get(0)),
    ignored_bytes: { before: bytesBefore, after: bytesAfter },
    body_fields: {
      module_id: document.moduleId,
      region: document.region,
      timestamp_ms: document.timestampMs,
      pcrs_hex: Object.fromEntries(pcrs),
      user_data_hex: hexOf(document.userData),
      public_key_hex: hexOf(document.publicKey),
      nonce_hex: hexOf(document.nonce),
    },
  };
}
