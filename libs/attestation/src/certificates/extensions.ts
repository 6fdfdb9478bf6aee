import {
  DerReader,
  derBoolean,
  derMalformed,
  derObjectIdentifier,
  derSmallInteger,
  derTag,
  readOneDer,
  type DerElement,
} from "./der.ts";

export interface Extension {
  readonly isCritical: boolean;
  /** What the OCTET STRING holds: mostly DER again. */
  readonly value: Uint8Array;
}

/** By OID in dotted form. */
export type Extensions = ReadonlyMap<string, Extension>;

export const extensionOid = {
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  crlNumber: "2.5.29.20",
} as const;

/** Far above the twelve of a VCEK. */
const MAX_EXTENSIONS = 64;

/** @throws AttestationError EVIDENCE_MALFORMED; also for an extension that comes twice (RFC 5280 4.2). */
export function readExtensions(explicit: DerElement | undefined): Extensions {
  const extensions = new Map<string, Extension>();
  if (!explicit) return extensions;
  const list = new DerReader(readOneDer(explicit.content, derTag.sequence).content);
  while (!list.isAtEnd) {
    const fields = list.enter(derTag.sequence);
    const oid = derObjectIdentifier(fields.next(derTag.objectIdentifier));
    const critical = fields.optional(derTag.boolean);
    const isCritical = critical !== undefined && derBoolean(critical);
    const value = fields.next(derTag.octetString).content;
    fields.end();
    if (extensions.has(oid) || extensions.size === MAX_EXTENSIONS) throw derMalformed("an extension twice or too many");
    extensions.set(oid, { isCritical, value });
  }
  return extensions;
}

export interface BasicConstraints {
  readonly isAuthority: boolean;
  /** How many intermediate authorities may follow; any number if left out. */
  readonly pathLength?: number;
}

/** RFC 5280 4.2.1.9; a certificate without the extension is no authority. @throws AttestationError EVIDENCE_MALFORMED. */
export function basicConstraintsOf(extensions: Extensions): BasicConstraints {
  const extension = extensions.get(extensionOid.basicConstraints);
  if (!extension) return { isAuthority: false };
  const fields = new DerReader(readOneDer(extension.value, derTag.sequence).content);
  const flag = fields.optional(derTag.boolean);
  const length = fields.optional(derTag.integer);
  fields.end();
  const isAuthority = flag !== undefined && derBoolean(flag);
  return length === undefined ? { isAuthority } : { isAuthority, pathLength: derSmallInteger(length) };
}

const keyUsageBit = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

/**
 * Whether the key may be used so (RFC 5280 4.2.1.3). A certificate without the extension doesn't restrict its key.
 * @throws AttestationError EVIDENCE_MALFORMED.
 */
export function allowsKeyUsage(extensions: Extensions, usage: keyof typeof keyUsageBit): boolean {
  const extension = extensions.get(extensionOid.keyUsage);
  if (!extension) return true;
  const [unusedBits = 8, ...bits] = readOneDer(extension.value, derTag.bitString).content;
  if (unusedBits > 7 || bits.length === 0 || bits.length > 2) throw derMalformed("a key usage that isn't one");
  return ((bits[0] ?? 0) & (0x80 >> keyUsageBit[usage])) !== 0;
}
