import type { AttestationError } from "../../errors.ts";
import {
  type Certificate,
  type DerElement,
  derObjectIdentifier,
  DerReader,
  derSmallInteger,
  derTag,
  readOneDer,
} from "../../certificates/index.ts";
import { tdxError } from "./faults.ts";

/** What Intel wrote into a PCK certificate about the platform (Intel SGX PCK Certificate and CRL profile, 1.3.5). */
export interface PckPlatform {
  /** The platform's own id, 16 bytes. */
  readonly ppid: Uint8Array;
  /** The family that TCB info is published for, 6 bytes. */
  readonly fmspc: Uint8Array;
  /** 2 bytes. */
  readonly pceId: Uint8Array;
  /** The versions of 16 parts. */
  readonly sgxTcbComponents: readonly number[];
  readonly pceSvn: number;
}

const SGX = "1.2.840.113741.1.13.1";
const oids = { extension: SGX, ppid: `${SGX}.1`, tcb: `${SGX}.2`, pceId: `${SGX}.3`, fmspc: `${SGX}.4` } as const;
const COMPONENTS = 16;
const PCE_SVN = 17;

/**
 * Reads the SGX extension of a PCK certificate.
 * @throws AttestationError with fault PCK_CHAIN_INVALID if it has none or leaves out a part; AttestationError EVIDENCE_MALFORMED if it
 * is no DER.
 */
export function pckPlatformOf(certificate: Certificate): PckPlatform {
  const extension = certificate.extensions.get(oids.extension);
  if (!extension) throw incomplete();
  const values = readValues(extension.value);
  const tcb = readValues(required(values, oids.tcb).encoded);
  return {
    ppid: octets(required(values, oids.ppid), 16),
    fmspc: octets(required(values, oids.fmspc), 6),
    pceId: octets(required(values, oids.pceId), 2),
    sgxTcbComponents: Array.from({ length: COMPONENTS }, (_, index) => svn(tcb, index + 1)),
    pceSvn: svn(tcb, PCE_SVN),
  };
}

/** A sequence of pairs of OID and value. */
function readValues(der: Uint8Array): ReadonlyMap<string, DerElement> {
  const list = new DerReader(readOneDer(der, derTag.sequence).content);
  const values = new Map<string, DerElement>();
  while (!list.isAtEnd) {
    const pair = list.enter(derTag.sequence);
    const oid = derObjectIdentifier(pair.next(derTag.objectIdentifier));
    if (values.has(oid)) throw incomplete();
    values.set(oid, pair.next());
    pair.end();
  }
  return values;
}

function svn(tcb: ReadonlyMap<string, DerElement>, part: number): number {
  const element = required(tcb, `${oids.tcb}.${part}`);
  if (element.tag !== derTag.integer) throw incomplete();
  return derSmallInteger(element);
}

function octets({ tag, content }: DerElement, length: number): Uint8Array {
  if (tag !== derTag.octetString || content.length !== length) throw incomplete();
  return content;
}

function required(values: ReadonlyMap<string, DerElement>, oid: string): DerElement {
  const element = values.get(oid);
  if (!element) throw incomplete();
  return element;
}

function incomplete(): AttestationError {
  return tdxError("PCK_CHAIN_INVALID", "The PCK certificate doesn't say which platform it is for.");
}
