import { equalBytes } from "@noble/curves/utils.js";
import { decode, encode } from "cborg";
import { AttestationError } from "../../errors.ts";
import type { TdxCollateral } from "./collateral.ts";

/** A quote with the collateral that its verification needs, so that no verifier has to ask Intel. */
export interface TdxEvidence {
  readonly quote: Uint8Array;
  readonly collateral: TdxCollateral;
}

const MAX_BODY_BYTES = 64 * 1024;

/**
 * The body of tagged evidence: deterministic CBOR [quote, TCB info (text), QE identity (text), PCK list, root list,
 * [issuer of TCB info and QE identity, root]]. The last array is empty where Intel's own signer is meant; the issuers of
 * the PCK list are those of the quote.
 */
export function encodeTdxEvidence({ quote, collateral }: TdxEvidence): Uint8Array {
  const { tcbInfo, qeIdentity, pckCrl, rootCrl, tcbInfoIssuers = [] } = collateral;
  return encode([quote, tcbInfo, qeIdentity, pckCrl, rootCrl, tcbInfoIssuers]);
}

/** @throws AttestationError EVIDENCE_MALFORMED above 64 KiB, or unless it is exactly what `encodeTdxEvidence` writes. */
export function decodeTdxEvidence(body: Uint8Array): TdxEvidence {
  const [quote, tcbInfo, qeIdentity, pckCrl, rootCrl, issuers, ...rest] = decodeArray(body);
  const isSound =
    isBytes(quote) &&
    typeof tcbInfo === "string" &&
    typeof qeIdentity === "string" &&
    isBytes(pckCrl) &&
    isBytes(rootCrl) &&
    Array.isArray(issuers) &&
    issuers.every(isBytes) &&
    rest.length === 0;
  if (!isSound) throw malformed();
  const ofBoth = issuers.length === 0 ? {} : { tcbInfoIssuers: issuers, qeIdentityIssuers: issuers };
  const evidence = { quote, collateral: { tcbInfo, qeIdentity, pckCrl, rootCrl, ...ofBoth } };
  if (!equalBytes(encodeTdxEvidence(evidence), body)) throw malformed();
  return evidence;
}

function decodeArray(body: Uint8Array): readonly unknown[] {
  if (body.length > MAX_BODY_BYTES) throw malformed();
  let fields: unknown;
  try {
    fields = decode(body, { strict: true, allowIndefinite: false });
  } catch (cause) {
    throw malformed(cause);
  }
  if (!Array.isArray(fields)) throw malformed();
  return fields;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function malformed(cause?: unknown): AttestationError {
  return new AttestationError("EVIDENCE_MALFORMED", "The evidence of TDX is not in its format.", { cause });
}
