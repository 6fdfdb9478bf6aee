/** Evidence of SEV-SNP and TDX guests by Linux' configfs-tsm. Node only. */
export { readCertificateTable, type CertificateTable } from "./certificate-table.ts";
export { reportFiles, type ReportFiles } from "./report-files.ts";
export {
  requestReport,
  TSM_REPORT_FOLDER,
  type ReportRequest,
  type TsmProvider,
  type TsmReport,
} from "./request-report.ts";
export { snpCertificateFromFile, snpRevocationListFromFile } from "./snp-certificate-file.ts";
export { snpSource, type SnpSourceOptions } from "./snp-source.ts";
export { collateralFiles, tdxCollateralFromFolder } from "./tdx-collateral-folder.ts";
export { tdxSource, type TdxSourceOptions } from "./tdx-source.ts";
export type { SourceFault } from "../unavailable.ts";
export type { TsmOptions } from "./tsm-reports.ts";
