import { decode } from "cborg";
import { nitroMalformed } from "./malformed.ts";

/**
 * The payload of an attestation document of AWS Nitro Enclaves (AWS's "Attestation process" of the Nitro Secure Module
 * API), in its format; nothing in it is authentic yet.
 */
export interface NitroDocument {
  readonly moduleId: string;
  readonly timestampMs: number;
  /** By index 0 to 31; 48 bytes each. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER of the leaf. */
  readonly certificate: Uint8Array;
  /** DER of the authorities, the root first. */
  readonly cabundle: readonly Uint8Array[];
  readonly publicKey: Uint8Array | undefined;
  readonly userData: Uint8Array | undefined;
  readonly nonce: Uint8Array | undefined;
}

const PCR_BYTES = 48;
const MAX_PCR = 31;
const MAX_MODULE_ID = 128;
const MAX_FIELD_BYTES = 1024;
/** With leaf, eight certificates: twice what AWS sends. */
const MAX_CABUNDLE = 7;
const known: ReadonlySet<unknown> = new Set([
  "module_id",
  "digest",
  "timestamp",
  "pcrs",
  "certificate",
  "cabundle",
  "public_key",
  "user_data",
  "nonce",
]);

/** @throws AttestationError EVIDENCE_MALFORMED; also for a field that is unknown, missing, twice or beyond its bounds. */
export function parseNitroDocument(payload: Uint8Array): NitroDocument {
  const fields = decodeMap(payload);
  for (const name of fields.keys()) if (!known.has(name)) throw nitroMalformed("it has a field that nobody knows");
  if (fields.get("digest") !== "SHA384") throw nitroMalformed("its registers aren't digests by SHA-384");
  return {
    moduleId: moduleId(fields.get("module_id")),
    timestampMs: timestampMs(fields.get("timestamp")),
    pcrs: pcrs(fields.get("pcrs")),
    certificate: bytes(fields.get("certificate"), "certificate"),
    cabundle: cabundle(fields.get("cabundle")),
    publicKey: optionalBytes(fields.get("public_key"), "public_key", 1),
    userData: optionalBytes(fields.get("user_data"), "user_data", 0),
    nonce: optionalBytes(fields.get("nonce"), "nonce", 0),
  };
}

/** Definite and indefinite lengths: the hypervisor writes both. */
function decodeMap(payload: Uint8Array): ReadonlyMap<unknown, unknown> {
  let value: unknown;
  try {
    value = decode(payload, {
      strict: true,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: true,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: false,
    });
  } catch (cause) {
    throw nitroMalformed("its payload is no strict CBOR", cause);
  }
  if (!(value instanceof Map)) throw nitroMalformed("its payload is no map");
  return value;
}

function moduleId(value: unknown): string {
  if (typeof value === "string" && value.length > 0 && value.length <= MAX_MODULE_ID) return value;
  throw nitroMalformed("module_id");
}

function timestampMs(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw nitroMalformed("timestamp");
}

function pcrs(value: unknown): ReadonlyMap<number, Uint8Array> {
  const registers = new Map<number, Uint8Array>();
  if (!(value instanceof Map) || value.size === 0) throw nitroMalformed("pcrs");
  const entries: ReadonlyMap<unknown, unknown> = value;
  for (const [index, digest] of entries) {
    const isIndex = typeof index === "number" && Number.isInteger(index) && index >= 0 && index <= MAX_PCR;
    if (!isIndex || !(digest instanceof Uint8Array) || digest.length !== PCR_BYTES) throw nitroMalformed("pcrs");
    registers.set(index, digest);
  }
  return registers;
}

function cabundle(value: unknown): readonly Uint8Array[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CABUNDLE) throw nitroMalformed("cabundle");
  return value.map((der: unknown) => bytes(der, "cabundle"));
}

function bytes(value: unknown, name: string, minBytes = 1): Uint8Array {
  if (value instanceof Uint8Array && value.length >= minBytes && value.length <= MAX_FIELD_BYTES) return value;
  throw nitroMalformed(name);
}

function optionalBytes(value: unknown, name: string, minBytes: number): Uint8Array | undefined {
  return value === undefined || value === null ? undefined : bytes(value, name, minBytes);
}
