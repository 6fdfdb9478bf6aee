import type { AttestationError } from "../../errors.ts";
import { equalBytes } from "@noble/curves/utils.js";
import { bytesUnderMask } from "./masked-bytes.ts";
import { tdxError } from "./faults.ts";
import type { PartTcbLevel, TcbInfo } from "./tcb-info.ts";
import type { TdReport } from "./td-report.ts";

export type ModuleIdentity = TcbInfo["tdxModuleIdentities"][number];

/** Where TEE_TCB_SVN holds the TDX module's own version and its major version, 0 of before identities. */
export const modulePart = { svn: 0, version: 1 } as const;

/**
 * What TCB info says of the module with these versions; undefined for version 0, which has no identity of its own.
 * @throws AttestationError with fault QV_RESULT_TERMINAL_UNSPECIFIED if it knows no such version.
 */
export function moduleIdentityOf(teeTcbSvn: Uint8Array, tcbInfo: TcbInfo): ModuleIdentity | undefined {
  const version = teeTcbSvn[modulePart.version] ?? 0;
  if (version === 0) return undefined;
  const id = `TDX_${version.toString(16).padStart(2, "0").toUpperCase()}`;
  const identity = tcbInfo.tdxModuleIdentities.find((candidate) => candidate.id.toUpperCase() === id);
  if (!identity) throw unspecified("TCB info doesn't know the TDX module's version.");
  return identity;
}

/**
 * Whether the TDX module is signed and configured as TCB info says, which is with no attribute (QVL 4.1.2.4.11).
 * @throws AttestationError with fault QV_RESULT_TERMINAL_UNSPECIFIED if it isn't.
 */
export function checkModule(report: TdReport, tcbInfo: TcbInfo): void {
  const { mrsigner, attributes, attributesMask } = moduleIdentityOf(report.teeTcbSvn, tcbInfo) ?? tcbInfo.tdxModule;
  const isIntels =
    equalBytes(report.mrSignerSeam, mrsigner) &&
    equalBytes(bytesUnderMask(report.seamAttributes, attributesMask), attributes) &&
    report.seamAttributes.every((byte) => byte === 0);
  if (!isIntels) throw unspecified("The TDX module is another one than TCB info names.");
}

/** @throws AttestationError with fault QV_RESULT_TERMINAL_UNSPECIFIED if Intel lists no level that the module reaches. */
export function levelOfModule(teeTcbSvn: Uint8Array, tcbInfo: TcbInfo): PartTcbLevel | undefined {
  const identity = moduleIdentityOf(teeTcbSvn, tcbInfo);
  return identity && levelOfPart(identity.tcbLevels, teeTcbSvn[modulePart.svn] ?? 0);
}

/** The first level that a part of the platform reaches. @throws AttestationError with fault QV_RESULT_TERMINAL_UNSPECIFIED. */
export function levelOfPart(levels: readonly PartTcbLevel[], svn: number): PartTcbLevel {
  const level = levels.find(({ tcb }) => svn >= tcb.isvsvn);
  if (!level) throw unspecified("The TDX module or the quoting enclave is older than every level that Intel lists.");
  return level;
}

function unspecified(message: string): AttestationError {
  return tdxError("QV_RESULT_TERMINAL_UNSPECIFIED", message);
}
