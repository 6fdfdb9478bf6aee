import { statfs } from "node:fs/promises";
import { CliError } from "../cli-error.ts";
import type { Door } from "../connection.ts";
import { readStatus } from "../retention/retention-answers.ts";
import type { Finding } from "./finding.ts";

type Found = Omit<Finding, "check">;

const TIMEOUT_MS = 5_000;
const GIB = 2 ** 30;
/** A lease lives 60 s, and what is sealed for an hour is accepted for an hour: half a minute starts to be seen. */
const SKEW_WARNING_MS = 5_000;
const SKEW_FAILED_MS = 30_000;

/** The keys that the envelope needs are in Node's own crypto from here on. */
export function nodeVersion(version: string): Found {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 7)) return { result: "ok", detail: `Node ${version}.` };
  return {
    result: "failed",
    code: "NODE_TOO_OLD",
    detail: `Node ${version} has no ML-KEM.`,
    remedy: "Run `npx cloister`, or `npm run cloister`, which bring the Node that is needed.",
  };
}

export async function diskSpace(folder: string): Promise<Found> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB are free where ${folder} is.`;
  if (free >= GIB) return { result: "ok", detail };
  return { result: "warning", detail, remedy: "Make room: a full disk stops every service, and loses nothing." };
}

/** Whether a service's process is well, and ready for work. */
export async function health(url: string): Promise<Found> {
  const [live, ready] = [await statusOf(url, "/healthz/live"), await statusOf(url, "/healthz/ready")];
  if (live === 200 && ready === 200) return { result: "ok", detail: `Live and ready at ${url}.` };
  if (live === 200) {
    const detail = `It lives at ${url} and isn't ready: it starts, or drains.`;
    return { result: "failed", code: "NOT_READY", detail, remedy: "Wait a moment; if it stays so, read its log." };
  }
  const detail = `What answers at ${url} answers ${live} and doesn't say that it lives.`;
  return { result: "failed", code: "NOT_LIVE", detail, remedy: "Read its log and start it again." };
}

/** The clock of the system against this one's, to the second that the Date header tells. */
export async function clockSkew(url: string, now: () => number): Promise<Found> {
  const response = await get(url, "/healthz/live");
  const theirs = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(theirs)) return { result: "skipped", detail: "The system tells no time." };
  const skewMs = theirs - now();
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) < SKEW_WARNING_MS) return { result: "ok", detail: "The system's clock and this one agree." };
  const detail = `The system's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} this one.`;
  const remedy = "Set the clocks by NTP: keys, admissions and expiries are judged by them.";
  if (Math.abs(skewMs) < SKEW_FAILED_MS) return { result: "warning", detail, remedy };
  return { result: "failed", code: "CLOCK_SKEW", detail, remedy };
}

/** What should have been destroyed already. */
export async function retention(door: Door): Promise<Found> {
  const { keysDue, purges } = await readStatus(door);
  const unfinished = purges.filter(({ state }) => state !== "receipted").length;
  if (keysDue === 0 && unfinished === 0) return { result: "ok", detail: "Nothing is due." };
  return {
    result: "warning",
    detail: `${keysDue} keys are due, ${unfinished} purges are not finished.`,
    remedy: "It goes on by itself within a minute; `cloister retention run` doesn't wait.",
  };
}

async function statusOf(url: string, path: string): Promise<number> {
  const response = await get(url, path);
  await response.body?.cancel();
  return response.status;
}

async function get(url: string, path: string): Promise<Response> {
  try {
    return await fetch(new URL(path, url), { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
  } catch {
    throw new CliError("SERVICE_UNREACHABLE", `Nothing answers at ${url}: is it running, and is that its address?`);
  }
}
