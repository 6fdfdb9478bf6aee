import { decode, encode } from "cborg";
import type { EvidenceSource } from "../../evidence-source.ts";
import { encodeEvidence } from "../../tagged-evidence.ts";
import { unavailable } from "../unavailable.ts";
import { type NsmDevice, nsmDevice } from "./nsm-device.ts";

/** What a document of the Nitro Secure Module is to hold beside its registers; each is left out where it is undefined. */
export interface NsmDocumentFields {
  /** At most 512 bytes. */
  readonly userData?: Uint8Array;
  /** At most 512 bytes. */
  readonly nonce?: Uint8Array;
  /** DER, at most 1,024 bytes: whom AWS KMS seals its answers to. */
  readonly publicKey?: Uint8Array;
}

/**
 * Has NSM make one attestation document: COSE_Sign1, as `nitroVerifier` reads it.
 * @throws AttestationError EVIDENCE_UNAVAILABLE as the device; DEVICE_REFUSED if NSM answers with an error;
 * ANSWER_MALFORMED if it answers something else.
 */
export async function nsmDocument(device: NsmDevice, fields: NsmDocumentFields): Promise<Uint8Array> {
  const { userData = null, nonce = null, publicKey = null } = fields;
  const request = { Attestation: { user_data: userData, nonce, public_key: publicKey } };
  const answer = memberOf(read(await device.request(encode(request))));
  if (answer?.name === "Error") {
    throw unavailable("DEVICE_REFUSED", `NSM refused to attest: ${String(answer.value)}.`);
  }
  const document = answer?.name === "Attestation" ? memberOf(answer.value) : undefined;
  if (document?.name !== "document" || !(document.value instanceof Uint8Array)) {
    throw unavailable("ANSWER_MALFORMED", "NSM answered with something else than a document.");
  }
  return document.value.slice();
}

/** Evidence of an AWS Nitro enclave, with the report data in `user_data`. @throws as `nsmDevice` and `nsmDocument`. */
export function nsmSource(device: () => Promise<NsmDevice> = nsmDevice): EvidenceSource {
  return {
    format: "aws-nitro",
    async collect(reportData: Uint8Array): Promise<Uint8Array> {
      const body = await nsmDocument(await device(), { userData: reportData });
      return encodeEvidence({ format: "aws-nitro", body });
    },
  };
}

function read(answer: Uint8Array): unknown {
  try {
    return decode(answer, { rejectDuplicateMapKeys: true });
  } catch (cause) {
    throw unavailable("ANSWER_MALFORMED", "NSM answered with something else than CBOR.", cause);
  }
}

/** The only member of an object; undefined of everything else. */
function memberOf(value: unknown): { readonly name: string; readonly value: unknown } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const [entry, ...others] = Object.entries(value);
  return entry === undefined || others.length > 0 ? undefined : { name: entry[0], value: entry[1] };
}
