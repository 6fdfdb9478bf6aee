import { concatBytes } from "@noble/hashes/utils.js";
import { AttestationError } from "./errors.ts";

/**
 * The registry of formats: tag byte of each. A tag is for ever.
 * A format counts only where its verifier is passed in; each verifier is one file in `formats/`.
 */
export const evidenceFormats = {
  "aws-nitro": 0x01,
  "sev-snp": 0x02,
  "intel-tdx": 0x03,
  simulated: 0xff,
} as const;

export type EvidenceFormat = keyof typeof evidenceFormats;

export interface TaggedEvidence {
  readonly format: EvidenceFormat;
  readonly body: Uint8Array;
}

const ENCODING_VERSION = 1;
const MAX_EVIDENCE_BYTES = 64 * 1024;

/** version (1) ‖ format tag (1) ‖ the format's own bytes. */
export function encodeEvidence({ format, body }: TaggedEvidence): Uint8Array {
  return concatBytes(Uint8Array.of(ENCODING_VERSION, evidenceFormats[format]), body);
}

/**
 * @throws AttestationError EVIDENCE_MALFORMED if empty, above 64 KiB or of another encoding version;
 * FORMAT_UNSUPPORTED for an unknown tag.
 */
export function decodeEvidence(bytes: Uint8Array): TaggedEvidence {
  const [version, tag] = bytes;
  if (version !== ENCODING_VERSION || tag === undefined || bytes.length > MAX_EVIDENCE_BYTES) {
    throw new AttestationError("EVIDENCE_MALFORMED", "The evidence is empty, too large or of an unknown version.");
  }
  return { format: formatOfTag(tag), body: bytes.subarray(2) };
}

function formatOfTag(tag: number): EvidenceFormat {
  switch (tag) {
    case evidenceFormats["aws-nitro"]:
      return "aws-nitro";
    case evidenceFormats["sev-snp"]:
      return "sev-snp";
    case evidenceFormats["intel-tdx"]:
      return "intel-tdx";
    case evidenceFormats.simulated:
      return "simulated";
    default:
      throw new AttestationError("FORMAT_UNSUPPORTED", "The evidence carries a format tag that nobody assigned.");
  }
}
