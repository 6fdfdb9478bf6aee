import { access } from "node:fs/promises";
import type { EvidenceFormat } from "../tagged-evidence.ts";
import { type ReportFiles, reportFiles } from "./configfs-tsm/report-files.ts";
import { TSM_REPORT_FOLDER, tsmProvider } from "./configfs-tsm/request-report.ts";
import { NSM_PATH, type NsmDevice } from "./nsm/nsm-device.ts";
import { unavailable } from "./unavailable.ts";

export const hardwareFormats = ["aws-nitro", "sev-snp", "intel-tdx"] as const satisfies readonly EvidenceFormat[];

export type HardwareFormat = (typeof hardwareFormats)[number];

/** Where the kernel shows hardware. */
export interface HardwarePlaces {
  readonly nsmPath?: string;
  readonly nsm?: () => Promise<NsmDevice>;
  readonly tsmFolder?: string;
  readonly tsmFiles?: ReportFiles;
  readonly isThere?: (path: string) => Promise<boolean>;
}

/** True if this process can see the path. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The one TEE that this is a guest of.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault DEVICE_MISSING if none shows itself, SEVERAL_DEVICES if more
 * than one does, OTHER_HARDWARE if the kernel's reports are of one that nothing here verifies; as `requestReport`.
 */
export async function detectHardware(places: HardwarePlaces = {}): Promise<HardwareFormat> {
  const { nsmPath = NSM_PATH, tsmFolder = TSM_REPORT_FOLDER, tsmFiles = reportFiles } = places;
  const see = places.isThere ?? isThere;
  const [hasNsm, hasTsm] = await Promise.all([see(nsmPath), see(tsmFolder)]);
  if (hasNsm && hasTsm) {
    throw unavailable(
      "SEVERAL_DEVICES",
      `Both ${nsmPath} and ${tsmFolder} are there: say by CLOISTER_EVIDENCE which TEE this is a guest of.`,
    );
  }
  if (hasNsm) return "aws-nitro";
  if (hasTsm) return formatOf(await tsmProvider(tsmFiles, tsmFolder));
  throw unavailable(
    "DEVICE_MISSING",
    `This is no guest of a TEE that shows itself: neither ${nsmPath} (AWS Nitro) nor ${tsmFolder} (SEV-SNP, TDX; Linux 6.7 or later, configfs mounted, the guest driver loaded) is there.`,
  );
}

function formatOf(provider: string): HardwareFormat {
  switch (provider) {
    case "sev_guest":
      return "sev-snp";
    case "tdx_guest":
      return "intel-tdx";
    default:
      throw unavailable("OTHER_HARDWARE", "The kernel's reports are neither of SEV-SNP nor of TDX.");
  }
}
