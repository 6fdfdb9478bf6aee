import type { AttestationError } from "../../errors.ts";
import { equalBytes } from "@noble/curves/utils.js";
import { type Certificate, invalidAt, parseCertificate } from "../../certificates/index.ts";
import { commonNameOf } from "../../certificates/common-name.ts";
import { readPckChain } from "./pck-chain-text.ts";
import { type PckPlatform, pckPlatformOf } from "./pck-extensions.ts";
import { faultOfParsing, tdxError } from "./faults.ts";
import type { TdxTrust } from "./trust.ts";

/** The platform's certificate, whose key signed the report of its quoting enclave, and who issued it. */
export interface PckChain {
  readonly leaf: Certificate;
  /** Intel's Platform CA or Processor CA. */
  readonly authority: Certificate;
  readonly platform: PckPlatform;
}

const LEAF_NAME = "Intel SGX PCK Certificate";

/**
 * Verifies the chain that a quote carries up to the trusted root.
 * @throws AttestationError with fault PCK_CHAIN_INCOMPLETE, ROOT_CA_UNTRUSTED, PCK_CHAIN_INVALID; PCK_EXPIRED if one of the three is
 * expired or not yet valid.
 */
export async function verifyPckChain(text: Uint8Array, trust: TdxTrust, nowMs: number): Promise<PckChain> {
  const ders = await readPckChain(text);
  await checkRoot(ders.at(-1), trust);
  const outcome = await faultOfParsing("PCK_CHAIN_INVALID", "The PCK chain", () => trust.paths.verify(ders));
  const [leaf, authority] = outcome.path ?? [];
  if (outcome.faulty || !leaf || !authority) {
    throw invalid(`A certificate of the PCK chain doesn't follow from the next one: ${outcome.faulty?.fault ?? ""}.`);
  }
  const platform = await faultOfParsing("PCK_CHAIN_INVALID", "The PCK certificate", () => {
    if (commonNameOf(leaf.subject) !== LEAF_NAME) throw invalid("The quote's certificate is no PCK certificate.");
    return pckPlatformOf(leaf);
  });
  if (invalidAt(outcome.path, nowMs)) {
    throw tdxError("PCK_EXPIRED", "A certificate of the PCK chain is expired or not yet valid.");
  }
  return { leaf, authority, platform };
}

async function checkRoot(der: Uint8Array | undefined, { root }: TdxTrust): Promise<void> {
  if (!der) throw invalid("The PCK chain is empty.");
  if (equalBytes(der, root.der)) return;
  const other = await faultOfParsing("PCK_CHAIN_INVALID", "The root of the PCK chain", () => parseCertificate(der));
  if (equalBytes(other.publicKeyInfo, root.publicKeyInfo)) {
    throw invalid("The root of the PCK chain has the trusted root's key, and isn't it.");
  }
  throw tdxError("ROOT_CA_UNTRUSTED", "The PCK chain leads to another root than the trusted one.");
}

function invalid(message: string): AttestationError {
  return tdxError("PCK_CHAIN_INVALID", message);
}
