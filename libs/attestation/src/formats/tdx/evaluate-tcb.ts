import type { PckPlatform } from "./pck-extensions.ts";
import type { QeIdentity } from "./qe-identity.ts";
import type { QeReport } from "./qe-report.ts";
import { tdxError } from "./faults.ts";
import type { TcbInfo, TcbLevel } from "./tcb-info.ts";
import { type TcbStatus, withPart } from "./tcb-status.ts";
import { relaunchStatus } from "./td-relaunch.ts";
import type { TdReport } from "./td-report.ts";
import { checkModule, levelOfModule, levelOfPart, modulePart } from "./tdx-module.ts";

export interface TcbEvaluation {
  readonly status: TcbStatus;
  /** Intel's security advisories that the platform is open to, as INTEL-SA-00615. */
  readonly advisoryIds: readonly string[];
}

/** What an evaluation compares with Intel's lists. */
export interface EvaluatedPlatform {
  readonly report: TdReport;
  readonly platform: PckPlatform;
  readonly qeReport: QeReport;
}

/** The parts of TEE_TCB_SVN below this one are the module's, which has levels of its own. */
const AFTER_MODULE = 2;

/**
 * The status of platform, TDX module and quoting enclave together, by Intel's rules (Quote Verification Library,
 * 4.1.2.4.17): the first level of TCB info that the platform reaches counts, then the worst of it, the module's and the
 * enclave's.
 * @throws AttestationError with fault QV_RESULT_TERMINAL_UNSPECIFIED if no level fits, or the TDX module is none that Intel lists.
 */
export function evaluateTcb(
  { report, platform, qeReport }: EvaluatedPlatform,
  tcbInfo: TcbInfo,
  qeIdentity: QeIdentity,
): TcbEvaluation {
  checkModule(report, tcbInfo);
  const reached = tcbInfo.tcbLevels.filter((level) => reachesSgx(platform, level));
  const sgxLevel = reached[0];
  const tdxLevel = reached.find((level) => reachesTdx(report.teeTcbSvn, level));
  if (!sgxLevel || !tdxLevel) {
    throw tdxError("QV_RESULT_TERMINAL_UNSPECIFIED", "The platform is older than every level of TCB info.");
  }
  const moduleLevel = levelOfModule(report.teeTcbSvn, tcbInfo);
  const qeLevel = levelOfPart(qeIdentity.tcbLevels, qeReport.isvSvn);
  const sgx = sgxLevel.tcbStatus;
  const module = moduleLevel?.tcbStatus ?? "UpToDate";
  const qe = qeLevel.tcbStatus;
  const tdx = withPart(tdxLevel.tcbStatus, module);
  const advisoryIds = [tdxLevel, moduleLevel, qeLevel].flatMap((level) => level?.advisoryIDs ?? []);
  return {
    status: relaunchStatus(report, tcbInfo, { sgx, tdx, module, qe }) ?? withPart(tdx, qe),
    advisoryIds: [...new Set(advisoryIds)],
  };
}

function reachesSgx({ sgxTcbComponents, pceSvn }: PckPlatform, { tcb }: TcbLevel): boolean {
  return tcb.sgxtcbcomponents.every(({ svn }, index) => (sgxTcbComponents[index] ?? 0) >= svn) && pceSvn >= tcb.pcesvn;
}

function reachesTdx(teeTcbSvn: Uint8Array, { tcb }: TcbLevel): boolean {
  const first = (teeTcbSvn[modulePart.version] ?? 0) > 0 ? AFTER_MODULE : 0;
  return tcb.tdxtcbcomponents.every(({ svn }, index) => index < first || (teeTcbSvn[index] ?? 0) >= svn);
}
