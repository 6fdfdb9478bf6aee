import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@cloister/service";
import type { Kek, KekDescription, KeyWrapper } from "./key-wrapper.ts";
import { KmsError, kmsErrors, type KmsErrorCode } from "./kms-errors.ts";
import { statesPermissions, type StatesPermissions } from "./permissions.ts";
import { tellsTime } from "./tells-time.ts";

/** What one check of a KEK found, and what to do about it. */
export interface KekFinding {
  readonly check: "key" | "destruction" | "export" | "round trip" | "binding" | "permissions" | "clock";
  readonly result: "ok" | "warning" | "failed" | "skipped";
  readonly detail: string;
  readonly code?: string;
  readonly remedy?: string;
}

type Found = Omit<KekFinding, "check">;

const MAX_SKEW_MS = 30_000;
/** What `keys` waits for a KMS unless it is told otherwise. */
const SLOW_MS = 1_000;
const PROBE_CONTEXT = Buffer.from("cloister/v1 probe");

/**
 * Looks whether a KEK can serve: a key is wrapped and unwrapped under it for real, what must be refused is tried, and
 * the KMS is asked what its caller may do. Nothing is stored, nothing changed.
 */
export async function examineKek(wrapper: KeyWrapper, kek: Kek, clock: Clock): Promise<readonly KekFinding[]> {
  const findings: KekFinding[] = [];
  const check = async (name: KekFinding["check"], look: (() => Promise<Found | Found[]>) | false): Promise<boolean> => {
    const found = look ? await look().catch(failure) : needsAbove;
    const all = Array.isArray(found) ? found : [found];
    findings.push(...all.map((one) => ({ check: name, ...one })));
    return all.every(({ result }) => result === "ok" || result === "warning");
  };

  const described = wrapper.describe(kek);
  const isThere = await check("key", async () => state(await described));
  const answers = !findings.some(({ code }) => code !== undefined && SAYS_ALL.has(code));
  await check("destruction", isThere && (async () => destruction(await described)));
  await check("export", isThere && (async () => exportability(await described)));
  const serves = await check("round trip", answers && (() => roundTrip(wrapper, kek, clock)));
  await check("binding", serves && (() => binding(wrapper, kek)));
  await check("permissions", answers && (() => permissions(wrapper, kek)));
  await check("clock", answers && (() => skew(wrapper, kek, clock)));
  return findings;
}

/** With these every other check would say the same. */
const SAYS_ALL: ReadonlySet<string> = new Set([
  "KMS_UNREACHABLE",
  "KMS_THROTTLED",
  "KMS_CREDENTIAL_REFUSED",
  "KMS_KEY_REF_INVALID",
  "KMS_REGION_WRONG",
  "KMS_SDK_MISSING",
  "KMS_CONFIG_INVALID",
] satisfies KmsErrorCode[]);

const needsAbove: Found = { result: "skipped", detail: "It needs what failed above." };

function failure(error: unknown): Found {
  if (!(error instanceof KmsError)) throw error;
  const { code, message: detail } = error;
  return { result: "failed", code, detail, remedy: kmsErrors[code].remedy };
}

function state({ state: found, detail }: KekDescription): Found {
  switch (found) {
    case "usable":
      return { result: "ok", detail: `The key is there: ${detail}.` };
    case "disabled":
      return refused("KMS_KEY_DISABLED");
    case "pending-deletion":
      return refused("KMS_KEY_PENDING_DELETION");
  }
}

function refused(code: keyof typeof kmsErrors): Found {
  const { title, remedy } = kmsErrors[code];
  return { result: "failed", code, detail: `${title}.`, remedy };
}

function destruction({ destroys }: KekDescription): Found {
  switch (destroys) {
    case "at-once":
      return { result: "ok", detail: "Destroying the key here ends all that it wraps, at once." };
    case "after-window":
      return { result: "ok", detail: "Destroying the key here ends all that it wraps, once the KMS' window is over." };
    case "never":
      return {
        result: "warning",
        detail: "The KMS is set to keep the key: it can't be destroyed before its owner allows that.",
        remedy: "If the tenant means to end its data by destroying the key, allow its deletion now.",
      };
  }
}

function exportability({ isExportable }: KekDescription): Found {
  if (!isExportable) return { result: "ok", detail: "The key can't be taken out of the KMS." };
  return {
    result: "warning",
    detail: "The key can be taken out of the KMS: a copy of it outlives its destruction.",
    remedy: "Make one that can't be exported or backed up in clear, and name it in the next policy.",
  };
}

async function roundTrip(wrapper: KeyWrapper, kek: Kek, clock: Clock): Promise<Found> {
  const probe = randomBytes(32);
  const startMs = clock.monotonicMs();
  const wrapped = await wrapper.wrap(kek, probe, PROBE_CONTEXT);
  const unwrapStartMs = clock.monotonicMs();
  const opened = await wrapper.unwrap(kek, wrapped, PROBE_CONTEXT);
  const endMs = clock.monotonicMs();
  if (opened.length !== probe.length || !timingSafeEqual(opened, probe)) return refused("KMS_ANSWER_MALFORMED");
  const detail = `A key was wrapped and unwrapped in ${Math.round(endMs - startMs)} ms.`;
  if (endMs - unwrapStartMs < SLOW_MS) return { result: "ok", detail };
  return {
    result: "warning",
    detail: `${detail} Unwrapping alone took longer than the second that keys waits for it.`,
    remedy: "Look at the way to the KMS, or raise CLOISTER_KEYS_KMS_TIMEOUT_MS.",
  };
}

async function binding(wrapper: KeyWrapper, kek: Kek): Promise<Found> {
  const wrapped = await wrapper.wrap(kek, randomBytes(32), PROBE_CONTEXT);
  const opened = await wrapper.unwrap(kek, wrapped, Buffer.from("another place")).catch((error: unknown) => {
    if (error instanceof KmsError && error.code === "KMS_CONTEXT_MISMATCH") return undefined;
    throw error;
  });
  if (opened === undefined) return { result: "ok", detail: "What is wrapped for one place does not open for another." };
  const remedy = "Use a KMS that authenticates additional data with what it wraps, in a version that does.";
  return {
    result: "failed",
    code: "KMS_KEY_UNSUITABLE",
    detail: "What was wrapped for one place opens for another: this KMS ignores what binds it.",
    remedy,
  };
}

async function permissions(wrapper: KeyWrapper, kek: Kek): Promise<Found[]> {
  if (!statesPermissions(wrapper)) return [noPermissions];
  const told = [await toldPermissions(wrapper, kek)].flat();
  const { untoldPermissions: untold } = wrapper;
  if (untold === undefined) return told;
  return [
    ...told,
    {
      result: "skipped",
      detail: `The KMS tells nobody, without its being done, whether the credential may ${untold.join(", ")}.`,
      remedy: "Look at the key's policy and the credential's: neither should allow it.",
    },
  ];
}

const noPermissions: Found = {
  result: "skipped",
  detail: "There are none to ask for: whoever has the file or the PIN may do what the key allows.",
};

async function toldPermissions(wrapper: StatesPermissions, kek: Kek): Promise<Found | Found[]> {
  const stated = await wrapper.permissions(kek);
  const wrong = stated.filter(({ isGiven, isWanted }) => isGiven !== isWanted);
  if (wrong.length > 0) {
    return wrong.map(({ name, isWanted, remedy }) => ({
      result: "failed",
      code: "KMS_PERMISSION_DENIED",
      detail: `The credential ${isWanted ? "lacks what it needs" : "may do what it must not"}: ${name}.`,
      remedy,
    }));
  }
  const without = stated.flatMap(({ name, isWanted }) => (isWanted ? [] : [name]));
  return { result: "ok", detail: `The credential may do what it has to, and nothing of ${without.join(", ")}.` };
}

async function skew(wrapper: KeyWrapper, kek: Kek, clock: Clock): Promise<Found> {
  const theirs = tellsTime(wrapper) ? await wrapper.kmsNowMs(kek) : undefined;
  if (theirs === undefined) {
    return { result: "skipped", detail: "The KMS doesn't say what time it has: nothing here compares this machine's." };
  }
  const skewMs = Math.abs(clock.nowMs() - theirs);
  const detail = `The clocks of the KMS and of this machine differ by ${Math.round(skewMs / 1_000)} s.`;
  if (skewMs <= MAX_SKEW_MS) return { result: "ok", detail };
  return {
    result: "failed",
    code: "CLOCK_SKEW",
    detail,
    remedy: "Set the clocks by NTP: logins and leases end by them.",
  };
}
