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
  /** What NVIDIA's attestation service signed about the machine's GPUs, where there is any. */
  readonly gpuClaims?: Uint8Array;
}

const PLAIN = 1;
const WITH_GPU_CLAIMS = 2;
const LENGTH_BYTES = 4;
const MAX_EVIDENCE_BYTES = 64 * 1024;

/**
 * 1 (1) ‖ format tag (1) ‖ the format's own bytes. With claims about GPUs:
 * 2 (1) ‖ format tag (1) ‖ length of the format's own bytes (uint32) ‖ these ‖ the claims.
 */
export function encodeEvidence({ format, body, gpuClaims }: TaggedEvidence): Uint8Array {
  const tag = evidenceFormats[format];
  if (gpuClaims === undefined) return concatBytes(Uint8Array.of(PLAIN, tag), body);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, body.length);
  return concatBytes(Uint8Array.of(WITH_GPU_CLAIMS, tag), length, body, gpuClaims);
}

/**
 * @throws AttestationError EVIDENCE_MALFORMED if empty, above 64 KiB, cut or of another encoding version;
 * FORMAT_UNSUPPORTED for an unknown tag.
 */
export function decodeEvidence(bytes: Uint8Array): TaggedEvidence {
  const [version, tag] = bytes;
  if (tag === undefined || bytes.length > MAX_EVIDENCE_BYTES) throw malformed();
  const format = formatOfTag(tag);
  if (version === PLAIN) return { format, body: bytes.subarray(2) };
  if (version === WITH_GPU_CLAIMS) return { format, ...splitAtLength(bytes.subarray(2)) };
  throw malformed();
}

function splitAtLength(bytes: Uint8Array): Pick<TaggedEvidence, "body" | "gpuClaims"> {
  if (bytes.length < LENGTH_BYTES) throw malformed();
  const end = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (end >= bytes.length) throw malformed();
  return { body: bytes.subarray(LENGTH_BYTES, end), gpuClaims: bytes.subarray(end) };
}

function malformed(): AttestationError {
  return new AttestationError("EVIDENCE_MALFORMED", "The evidence is empty, cut, too large or of an unknown version.");
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
