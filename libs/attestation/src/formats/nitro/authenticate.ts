import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  allowsKeyUsage,
  type Certificate,
  commonNameOf,
  invalidAt,
  isEcdsaSignature,
  parseCertificate,
  publicKeyOf,
  VerifiedPaths,
} from "../../certificates/index.ts";
import { AttestationError } from "../../errors.ts";
import { type CoseSign1, parseCoseSign1 } from "./cose-sign1.ts";
import { type NitroDocument, parseNitroDocument } from "./document.ts";

/** SHA-256 of the DER of "aws.nitro-enclaves", as AWS publishes it beside aws-nitro-enclaves-CreateRoot G1. */
export const AWS_NITRO_ROOT_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";

/** A document that the Nitro hypervisor signed. Whether its enclave may be trusted is for a policy to say. */
export interface AuthenticNitroDocument extends NitroDocument {
  /** From the leaf's name, e.g. us-east-1. */
  readonly region: string;
}

const leafName = /^(i-[0-9a-f]{8,32}-enc[0-9a-f]{8,32})\.([a-z]{2,8}(?:-[a-z]{2,16}){1,3}-\d{1,2})\.aws$/;

/** Checks documents against AWS's root. Chains are checked once and kept, at most 256. */
export class NitroAuthenticator {
  readonly #roots: ReadonlySet<string>;
  readonly #paths = new VerifiedPaths();

  /** @param rootsSha256Hex fingerprints of roots in place of AWS's, for tests. */
  constructor(rootsSha256Hex: readonly string[] = [AWS_NITRO_ROOT_SHA256]) {
    this.#roots = new Set(rootsSha256Hex);
  }

  /**
   * In this order: format, root, the document's own signature, chain, validity, the leaf's name. What was changed on
   * its way costs one check of a signature, not one for each certificate.
   * @param document COSE_Sign1, with or without its tag.
   * @throws AttestationError EVIDENCE_MALFORMED; ROOT_NOT_TRUSTED; EVIDENCE_EXPIRED if a certificate isn't valid at
   * `nowMs` (the leaf is for about three hours); SIGNATURE_INVALID.
   */
  async authenticate(document: Uint8Array, nowMs: number): Promise<AuthenticNitroDocument> {
    const sign1 = parseCoseSign1(document);
    const parsed = parseNitroDocument(sign1.payload);
    const { certificate, cabundle } = parsed;
    this.#checkRoot(cabundle);
    const ders = [certificate, ...cabundle.toReversed()];
    const leaf = this.#paths.known(ders)?.[0] ?? parseCertificate(certificate);
    await checkSignature(sign1, leaf);
    await this.#checkPath(ders, nowMs);
    return { ...parsed, region: regionOf(leaf, parsed) };
  }

  #checkRoot([root = new Uint8Array()]: readonly Uint8Array[]): void {
    if (!this.#roots.has(bytesToHex(sha256(root)))) {
      throw new AttestationError("ROOT_NOT_TRUSTED", "The Nitro document doesn't come from AWS's root.");
    }
  }

  async #checkPath(ders: readonly Uint8Array[], nowMs: number): Promise<void> {
    const { path, faulty } = await this.#paths.verify(ders);
    if (faulty) {
      throw new AttestationError("SIGNATURE_INVALID", `The Nitro document's chain doesn't hold: ${faulty.fault}.`);
    }
    if (invalidAt(path, nowMs)) {
      throw new AttestationError("EVIDENCE_EXPIRED", "A certificate of the Nitro document isn't valid at this time.");
    }
  }
}

async function checkSignature({ signed, signature }: CoseSign1, leaf: Certificate): Promise<void> {
  const isSigner = leaf.keyAlgorithm === "p384" && allowsKeyUsage(leaf.extensions, "digitalSignature");
  const key = isSigner ? await publicKeyOf(leaf) : undefined;
  if (!key || !(await isEcdsaSignature(key, "SHA-384", signature, signed))) {
    throw new AttestationError("SIGNATURE_INVALID", "The Nitro document isn't signed by the key of its certificate.");
  }
}

/** The leaf is for one enclave in one region, which its common name says. */
function regionOf(leaf: Certificate, { moduleId }: NitroDocument): string {
  const [, id, region] = leafName.exec(commonNameOf(leaf.subject) ?? "") ?? [];
  if (id !== moduleId || region === undefined) {
    throw new AttestationError("SIGNATURE_INVALID", "The Nitro document is of another enclave than its certificate.");
  }
  return region;
}
