import {
  type Certificate,
  derSmallInteger,
  derTag,
  type Extension,
  parseCertificate,
  readOneDer,
} from "../../certificates/index.ts";
import { AttestationError } from "../../errors.ts";
import { snpError } from "./faults.ts";
import type { SigningKey } from "./report-bits.ts";
import type { SnpProduct, SnpTcb } from "./tcb.ts";

/** What AMD certifies of the key that signed a report: VCEK of one chip, or VLEK of a cloud provider. */
export interface EndorsementKey {
  readonly certificate: Certificate;
  readonly kind: SigningKey;
  readonly product: SnpProduct;
  readonly tcb: SnpTcb;
  /** Of a VCEK: 64 bytes, 8 on Turin. */
  readonly hardwareId: Uint8Array | undefined;
}

/** AMD's VCEK and VLEK certificate and KDS interface specification (57230), table of extensions. */
const amd = "1.3.6.1.4.1.3704.1";
const productOid = `${amd}.2`;
const hardwareIdOid = `${amd}.4`;
const cspIdOid = `${amd}.5`;
const tcbOids = {
  bootloader: `${amd}.3.1`,
  tee: `${amd}.3.2`,
  snp: `${amd}.3.3`,
  microcode: `${amd}.3.8`,
} as const;
const fmcOid = `${amd}.3.9`;
const IA5_STRING = 0x16;
const ID_BYTES = { milan: 64, genoa: 64, turin: 8 } as const;

const productLines: readonly (readonly [string, SnpProduct])[] = [
  ["Milan", "milan"],
  ["Genoa", "genoa"],
  // Of Genoa's line, and certified by its authorities.
  ["Bergamo", "genoa"],
  ["Siena", "genoa"],
  ["Turin", "turin"],
];

/** @throws AttestationError with the fault VCEK_CHAIN_INVALID if it is no certificate of such a key. */
export function readEndorsementKey(der: Uint8Array): EndorsementKey {
  try {
    const certificate = parseCertificate(der);
    const product = readProduct(certificate);
    const isVlek = certificate.extensions.has(cspIdOid);
    const hardwareId = readHardwareId(certificate.extensions.get(hardwareIdOid), product);
    if (isVlek === (hardwareId !== undefined) || certificate.keyAlgorithm !== "p384") throw invalid();
    return { certificate, product, hardwareId, kind: isVlek ? "vlek" : "vcek", tcb: readTcbOf(certificate, product) };
  } catch (cause) {
    if (cause instanceof AttestationError && cause.fault === undefined) throw invalid(cause);
    throw cause;
  }
}

/** "Milan-B0", "Genoa", "Turin-B1": a product line, for VCEKs with a stepping. */
function readProduct({ extensions }: Certificate): SnpProduct {
  const extension = extensions.get(productOid);
  if (!extension) throw invalid();
  const [line = ""] = String.fromCharCode(...readOneDer(extension.value, IA5_STRING).content.subarray(0, 32)).split(
    "-",
  );
  const product = productLines.find(([name]) => name === line)?.[1];
  if (!product) throw invalid();
  return product;
}

function readTcbOf({ extensions }: Certificate, product: SnpProduct): SnpTcb {
  const part = (oid: string): number => {
    const extension = extensions.get(oid);
    const value = extension && derSmallInteger(readOneDer(extension.value, derTag.integer));
    if (value === undefined || value > 0xff) throw invalid();
    return value;
  };
  return {
    fmc: product === "turin" ? part(fmcOid) : 0,
    bootloader: part(tcbOids.bootloader),
    tee: part(tcbOids.tee),
    snp: part(tcbOids.snp),
    microcode: part(tcbOids.microcode),
  };
}

/** AMD puts the bare id where an extension has DER; wrapped into an OCTET STRING it is the same id. */
function readHardwareId(extension: Extension | undefined, product: SnpProduct): Uint8Array | undefined {
  if (!extension) return undefined;
  const length = ID_BYTES[product];
  const id =
    extension.value.length === length ? extension.value : readOneDer(extension.value, derTag.octetString).content;
  if (id.length !== length) throw invalid();
  return id;
}

function invalid(cause?: unknown): AttestationError {
  return snpError("VCEK_CHAIN_INVALID", "The certificate is none of a key that signs reports of SEV-SNP.", cause);
}
