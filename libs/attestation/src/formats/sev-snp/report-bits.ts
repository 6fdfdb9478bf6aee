import type { SnpReport } from "./report.ts";

/** POLICY: what the guest's owner demanded of the machine at launch. Bit 25 came with reports of version 5. */
export interface GuestPolicy {
  readonly abiMinor: number;
  readonly abiMajor: number;
  readonly smt: boolean;
  /** Reserved, and always one. */
  readonly reservedMbo: boolean;
  readonly migrateMa: boolean;
  readonly debug: boolean;
  readonly singleSocket: boolean;
  readonly cxlAllow: boolean;
  readonly memAes256Xts: boolean;
  readonly raplDisabled: boolean;
  readonly ciphertextHidingDram: boolean;
  readonly pageSwapDisabled: boolean;
  readonly hasReservedBits: boolean;
}

export function readGuestPolicy({ policy, version }: SnpReport): GuestPolicy {
  return {
    abiMinor: Number(policy & 0xffn),
    abiMajor: Number((policy >> 8n) & 0xffn),
    smt: isSet(policy, 16),
    reservedMbo: isSet(policy, 17),
    migrateMa: isSet(policy, 18),
    debug: isSet(policy, 19),
    singleSocket: isSet(policy, 20),
    cxlAllow: isSet(policy, 21),
    memAes256Xts: isSet(policy, 22),
    raplDisabled: isSet(policy, 23),
    ciphertextHidingDram: isSet(policy, 24),
    pageSwapDisabled: isSet(policy, 25),
    hasReservedBits: policy >> (version >= 5 ? 26n : 25n) !== 0n,
  };
}

/** PLATFORM_INFO: how the machine is set up. */
export interface PlatformInfo {
  readonly smtEnabled: boolean;
  readonly tsmeEnabled: boolean;
  readonly eccEnabled: boolean;
  readonly raplDisabled: boolean;
  readonly ciphertextHiding: boolean;
  readonly aliasCheckComplete: boolean;
  readonly tioEnabled: boolean;
  readonly hasReservedBits: boolean;
}

const PLATFORM_BITS = 0b0011_1111n;
/** TIO came with reports of version 5. */
const PLATFORM_BITS_OF_VERSION_5 = 0b1011_1111n;

export function readPlatformInfo({ platformInfo, version }: SnpReport): PlatformInfo {
  const known = version >= 5 ? PLATFORM_BITS_OF_VERSION_5 : PLATFORM_BITS;
  return {
    smtEnabled: isSet(platformInfo, 0),
    tsmeEnabled: isSet(platformInfo, 1),
    eccEnabled: isSet(platformInfo, 2),
    raplDisabled: isSet(platformInfo, 3),
    ciphertextHiding: isSet(platformInfo, 4),
    aliasCheckComplete: isSet(platformInfo, 5),
    tioEnabled: isSet(platformInfo, 7),
    hasReservedBits: (platformInfo & ~known) !== 0n,
  };
}

export type SigningKey = "vcek" | "vlek";

/** Which key signed the report. */
export interface SignerInfo {
  readonly authorKeyEnabled: boolean;
  readonly maskChipKey: boolean;
  /** Undefined for none and for values that nobody assigned. */
  readonly signingKey: SigningKey | undefined;
  readonly hasReservedBits: boolean;
}

export function readSignerInfo({ signerInfo }: SnpReport): SignerInfo {
  const key = (signerInfo >>> 2) & 0b111;
  return {
    authorKeyEnabled: (signerInfo & 1) !== 0,
    maskChipKey: (signerInfo & 2) !== 0,
    signingKey: key === 0 ? "vcek" : key === 1 ? "vlek" : undefined,
    hasReservedBits: signerInfo >>> 5 !== 0,
  };
}

function isSet(value: bigint, bit: number): boolean {
  return ((value >> BigInt(bit)) & 1n) === 1n;
}
