import { bytesToHex } from "@noble/hashes/utils.js";
import { errnoOf, unavailable } from "../unavailable.ts";
import type { ReportFiles } from "./report-files.ts";

/** Where the kernel (6.7 and later) takes requests for reports: Documentation/ABI/testing/configfs-tsm-report. */
export const TSM_REPORT_FOLDER = "/sys/kernel/config/tsm/report";

/** As the kernel's drivers name themselves. */
export type TsmProvider = "sev_guest" | "tdx_guest";

export interface ReportRequest {
  readonly provider: TsmProvider;
  /** At most 64 bytes. */
  readonly inblob: Uint8Array;
  /** 0 to 3, of SEV-SNP alone. */
  readonly privilegeLevel?: number;
}

export interface TsmReport {
  readonly outblob: Uint8Array;
  /** Empty where the provider has none. */
  readonly auxblob: Uint8Array;
}

/** TSM_OUTBLOB_MAX of Linux; newer kernels allow more, which no report needs. */
const MAX_BLOB_BYTES = 32 * 1024;
const MAX_TEXT_BYTES = 64;

/**
 * Has the kernel make one report, in a folder that is made for it and removed again. The kernel counts the writes to a
 * folder in `generation`: another count than our own writes means that somebody else wrote in between, and that the
 * report may be over his bytes. It also shows a write of `inblob` that failed, which configfs doesn't report.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault DEVICE_MISSING without configfs-tsm or without a provider,
 * DEVICE_DENIED, OTHER_HARDWARE if another provider answers, DEVICE_BUSY, CONCURRENT_WRITER, DEVICE_REFUSED for other
 * failures, ANSWER_MALFORMED above 32 KiB or if `generation` is no number.
 */
export async function requestReport(
  request: ReportRequest,
  files: ReportFiles,
  folder = TSM_REPORT_FOLDER,
): Promise<TsmReport> {
  return inOwnFolder(files, folder, (path) => askIn(path, request, files));
}

/**
 * How the kernel's driver names itself: `sev_guest`, `tdx_guest`, or another TEE's.
 * @throws AttestationError EVIDENCE_UNAVAILABLE as `requestReport`
 */
export async function tsmProvider(files: ReportFiles, folder = TSM_REPORT_FOLDER): Promise<string> {
  return inOwnFolder(files, folder, (path) => readText(`${path}/provider`, files));
}

async function inOwnFolder<T>(files: ReportFiles, folder: string, act: (path: string) => Promise<T>): Promise<T> {
  const path = `${folder}/cloister-${bytesToHex(crypto.getRandomValues(new Uint8Array(16)))}`;
  await named(() => files.makeFolder(path));
  try {
    return await named(() => act(path));
  } finally {
    // A folder that can't be removed holds a report that was ours to read; the next one has another name.
    await files.removeFolder(path).catch(() => undefined);
  }
}

async function askIn(path: string, request: ReportRequest, files: ReportFiles): Promise<TsmReport> {
  const { provider, inblob, privilegeLevel } = request;
  await checkProvider(path, provider, files);
  let generation = await generationOf(path, files);
  if (privilegeLevel !== undefined) {
    await files.write(`${path}/privlevel`, new TextEncoder().encode(String(privilegeLevel)));
    generation += 1n;
  }
  await files.write(`${path}/inblob`, inblob);
  generation += 1n;
  const outblob = await readBlob(`${path}/outblob`, files);
  const auxblob = await readAuxblob(`${path}/auxblob`, files);
  if ((await generationOf(path, files)) !== generation) {
    throw unavailable(
      "CONCURRENT_WRITER",
      "Another process wrote into the report's folder, or the kernel lost a write.",
    );
  }
  return { outblob, auxblob };
}

async function checkProvider(path: string, expected: TsmProvider, files: ReportFiles): Promise<void> {
  const actual = await readText(`${path}/provider`, files);
  if (actual === expected) return;
  throw unavailable("OTHER_HARDWARE", `The kernel's reports are not of ${expected}: configure the TEE that this is.`);
}

async function generationOf(path: string, files: ReportFiles): Promise<bigint> {
  const text = await readText(`${path}/generation`, files);
  if (!/^\d{1,20}$/.test(text)) throw unavailable("ANSWER_MALFORMED", "The kernel's generation is no number.");
  return BigInt(text);
}

async function readText(path: string, files: ReportFiles): Promise<string> {
  const bytes = await files.read(path, MAX_TEXT_BYTES);
  return new TextDecoder("latin1").decode(bytes).replace(/\n$/, "");
}

async function readBlob(path: string, files: ReportFiles): Promise<Uint8Array> {
  const bytes = await files.read(path, MAX_BLOB_BYTES);
  if (bytes.length > MAX_BLOB_BYTES) throw unavailable("ANSWER_MALFORMED", "The kernel's report has more than 32 KiB.");
  return bytes;
}

/** The kernel hides the file where its provider has nothing to add. */
async function readAuxblob(path: string, files: ReportFiles): Promise<Uint8Array> {
  try {
    return await readBlob(path, files);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return new Uint8Array();
    throw error;
  }
}

/** Turns the error of a system call into a sentence that tells an operator what to do. */
async function named<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw failureOf(errno, error);
  }
}

function failureOf(errno: string, cause: unknown): Error {
  switch (errno) {
    case "ENOENT":
      return unavailable(
        "DEVICE_MISSING",
        `${TSM_REPORT_FOLDER} is missing: mount configfs and load the guest driver of the TEE (Linux 6.7 or later).`,
        cause,
      );
    case "ENXIO":
    case "ENOTTY":
      return unavailable("DEVICE_MISSING", "No driver of a TEE is loaded: load sev-guest or tdx-guest.", cause);
    case "EACCES":
    case "EPERM":
      return unavailable("DEVICE_DENIED", `This process may not write to ${TSM_REPORT_FOLDER}: run it as root.`, cause);
    case "EBUSY":
    case "EAGAIN":
    case "EINTR":
    case "ETIMEDOUT":
      return unavailable("DEVICE_BUSY", "The TEE is making another report, or didn't answer in time.", cause);
    default:
      return unavailable("DEVICE_REFUSED", `The kernel refused the request for a report (${errno}).`, cause);
  }
}
