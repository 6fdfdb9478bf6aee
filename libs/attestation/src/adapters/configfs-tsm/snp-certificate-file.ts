import { certificatesFromPem } from "../../certificates/index.ts";
import { readBoundedFile } from "../bounded-file.ts";

const PEM = "-----BEGIN";
const TASK = "does the job that fetches it from AMD's KDS run?";

/**
 * The VCEK or VLEK of this machine, DER, from a file as AMD's KDS serves it (DER), or as PEM of which the first
 * certificate counts: AMD's authorities above it are built into the verifier.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault COLLATERAL_MISSING if the file is missing, unreadable or above
 * 64 KiB
 */
export async function snpCertificateFromFile(path: string): Promise<Uint8Array> {
  const bytes = await readBoundedFile(path, TASK);
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.trimStart().startsWith(PEM)) return bytes;
  const [first] = certificatesFromPem(text);
  return first ?? bytes;
}

/**
 * AMD's list of revoked authorities, DER, from a file as the KDS serves it at `/vcek/v1/<line>/crl`.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault COLLATERAL_MISSING if the file is missing, unreadable or above
 * 64 KiB
 */
export async function snpRevocationListFromFile(path: string): Promise<Uint8Array> {
  return readBoundedFile(path, TASK);
}
