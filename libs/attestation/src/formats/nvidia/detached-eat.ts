import * as z from "zod/mini";
import { gpuError } from "./gpu-error.ts";

/** What NVIDIA's attestation service answers: a token over all devices, and beside it one of each device. */
export interface DetachedEat {
  readonly overall: string;
  readonly devices: ReadonlyMap<string, string>;
}

const MAX_BYTES = 48 * 1024;
const MAX_DEVICES = 16;
const token = z.string().check(z.regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/));
const schema = z.tuple([z.tuple([z.literal("JWT"), token]), z.record(z.string().check(z.maxLength(64)), token)]);

/** [["JWT", token], {"GPU-0": token, …}] in UTF-8. @throws AttestationError GPU_NOT_ATTESTED. */
export function parseDetachedEat(bytes: Uint8Array): DetachedEat {
  if (bytes.length > MAX_BYTES) throw gpuError("they are above 48 KiB");
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success) throw gpuError("they are no detached EAT of NVIDIA");
  const [[, overall], detached] = parsed.data;
  const devices = new Map(Object.entries(detached));
  if (devices.size === 0 || devices.size > MAX_DEVICES) throw gpuError("they are about no device, or too many");
  return { overall, devices };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw gpuError("they are no JSON", cause);
  }
}
