import { equalBytes } from "@noble/curves/utils.js";
import { AttestationError } from "../../errors.ts";
import { REPORT_DATA_BYTES } from "../../report-data.ts";
import type { EvidenceClaims, EvidencePolicy, EvidenceVerifier, NitroPolicy } from "../../verifier.ts";
import { NitroAuthenticator } from "./authenticate.ts";
import type { NitroDocument } from "./document.ts";
import { nitroMalformed } from "./malformed.ts";

/**
 * Evidence of AWS Nitro Enclaves; its body is the document as the hypervisor made it, with the report data in
 * `user_data`. The measurement is PCR0, which is over the whole image.
 */
export function nitroVerifier(authenticator = new NitroAuthenticator()): EvidenceVerifier {
  return {
    format: "aws-nitro",
    async verify(body: Uint8Array, { hardware }: EvidencePolicy, nowMs: number): Promise<EvidenceClaims> {
      const document = await authenticator.authenticate(body, nowMs);
      const measurement = imageOf(document);
      checkRegisters(document, hardware?.["aws-nitro"] ?? {});
      const { userData, timestampMs, region } = document;
      if (userData?.length !== REPORT_DATA_BYTES) throw nitroMalformed("user_data has another length than report data");
      return { measurement, reportData: userData, issuedAtMs: timestampMs, region };
    },
  };
}

/**
 * PCR0, which is over the whole image.
 * @throws AttestationError GUEST_NOT_ALLOWED for zeros, which an enclave has that was started for debugging;
 * EVIDENCE_MALFORMED without it.
 */
export function imageOf({ pcrs }: NitroDocument): Uint8Array {
  const image = pcrs.get(0);
  if (image === undefined) throw nitroMalformed("it has no PCR0");
  if (image.every((byte) => byte === 0)) {
    throw new AttestationError(
      "GUEST_NOT_ALLOWED",
      "The enclave was started for debugging: its host reads its console.",
    );
  }
  return image;
}

function checkRegisters({ pcrs }: NitroDocument, { pcrs: demanded = {} }: NitroPolicy): void {
  for (const [index, value] of Object.entries(demanded)) {
    const actual = pcrs.get(Number(index));
    if (actual === undefined || !equalBytes(actual, value)) {
      throw new AttestationError("MEASUREMENT_NOT_ALLOWED", `The policy demands another value of PCR${index}.`);
    }
  }
}
