import { AttestationError } from "../../errors.ts";
import { type ReportFiles, reportFiles } from "./report-files.ts";
import { requestReport, type ReportRequest, TSM_REPORT_FOLDER, type TsmReport } from "./request-report.ts";

export interface TsmOptions {
  /** Another place than the kernel's. */
  readonly folder?: string;
  readonly files?: ReportFiles;
  /** How to wait before a busy TEE is asked again. */
  readonly wait?: (ms: number) => Promise<void>;
}

const WAITS_MS = [100, 400, 1600];
const again: ReadonlySet<string | undefined> = new Set(["DEVICE_BUSY", "CONCURRENT_WRITER"]);

/** Asks for one report after the other, since a TEE makes one at a time, and asks a busy one three times more. */
export class TsmReports {
  readonly #options: Required<TsmOptions>;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ folder = TSM_REPORT_FOLDER, files = reportFiles, wait = waitFor }: TsmOptions = {}) {
    this.#options = { folder, files, wait };
  }

  /** @throws AttestationError as `requestReport`, DEVICE_BUSY and CONCURRENT_WRITER after the fourth attempt. */
  async request(request: ReportRequest): Promise<TsmReport> {
    const report = this.#last.then(() => this.#attempt(request));
    this.#last = report.catch(() => undefined);
    return report;
  }

  async #attempt(request: ReportRequest): Promise<TsmReport> {
    const { files, folder, wait } = this.#options;
    for (const ms of WAITS_MS) {
      try {
        return await requestReport(request, files, folder);
      } catch (error) {
        if (!(error instanceof AttestationError) || !again.has(error.fault)) throw error;
        await wait(ms);
      }
    }
    return requestReport(request, files, folder);
  }
}

function waitFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
