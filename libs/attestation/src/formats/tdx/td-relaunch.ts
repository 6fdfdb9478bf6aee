import type { TcbInfo } from "./tcb-info.ts";
import { needsConfiguration, type TcbStatus } from "./tcb-status.ts";
import type { TdReport } from "./td-report.ts";
import { moduleIdentityOf, modulePart } from "./tdx-module.ts";

export interface PartStatuses {
  /** Of the platform's SGX parts. */
  readonly sgx: TcbStatus;
  /** Of its TDX parts and the module together. */
  readonly tdx: TcbStatus;
  readonly module: TcbStatus;
  readonly qe: TcbStatus;
}

/** The TDX part of late microcode updates. */
const MICROCODE = 2;

/**
 * TDX 1.5 states two versions: the one under which the guest was started and the one that runs now. Where only the first
 * is out of date, starting the guest anew mends it (QVL 4.1.2.4.17.4.3).
 * @returns undefined if relaunching wouldn't mend it, or nothing is to be mended.
 * @throws AttestationError with fault QV_RESULT_TERMINAL_UNSPECIFIED if TCB info doesn't know the module that runs now.
 */
export function relaunchStatus(report: TdReport, tcbInfo: TcbInfo, statuses: PartStatuses): TcbStatus | undefined {
  const { teeTcbSvn2 } = report;
  if (!teeTcbSvn2 || !isModuleAloneOld(statuses) || !runsLatest(teeTcbSvn2, tcbInfo)) return undefined;
  return needsConfiguration(statuses.sgx) || needsConfiguration(statuses.tdx)
    ? "TDRelaunchAdvisedConfigurationNeeded"
    : "TDRelaunchAdvised";
}

function isModuleAloneOld({ sgx, tdx, module, qe }: PartStatuses): boolean {
  const isSgxCurrent = !sgx.startsWith("OutOfDate") && sgx !== "Revoked";
  return isSgxCurrent && qe === "UpToDate" && module === "OutOfDate" && tdx.startsWith("OutOfDate");
}

function runsLatest(teeTcbSvn2: Uint8Array, tcbInfo: TcbInfo): boolean {
  const components = tcbInfo.tcbLevels[0]?.tcb.tdxtcbcomponents.map(({ svn }) => svn) ?? [];
  const identity = moduleIdentityOf(teeTcbSvn2, tcbInfo);
  const latestModule = identity ? identity.tcbLevels[0]?.tcb.isvsvn : components[modulePart.svn];
  const latestMicrocode = components[MICROCODE];
  if (latestModule === undefined || latestMicrocode === undefined) return false;
  return (teeTcbSvn2[modulePart.svn] ?? 0) >= latestModule && (teeTcbSvn2[MICROCODE] ?? 0) >= latestMicrocode;
}
