import { closeSync, openSync } from "node:fs";
import type * as koffiModule from "koffi";
import { errnoOf, unavailable } from "../unavailable.ts";

/** The Nitro Secure Module: one request in CBOR, one answer. */
export interface NsmDevice {
  request(message: Uint8Array): Promise<Uint8Array>;
}

export const NSM_PATH = "/dev/nsm";

/** NSM_IOCTL_RAW of Linux' drivers/misc/nsm.c: _IOWR(0x0A, 0, struct nsm_raw). */
const NSM_IOCTL_RAW = 0xc020_0a00;
const MAX_REQUEST_BYTES = 0x1000;
const MAX_ANSWER_BYTES = 0x3000;

type Koffi = typeof koffiModule;

/**
 * The device of an AWS Nitro enclave. Node has no ioctl, so the call goes to libc by koffi, an optional package.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault ADDON_MISSING without koffi; its requests with DEVICE_MISSING,
 * DEVICE_DENIED or DEVICE_REFUSED.
 */
export async function nsmDevice(path = NSM_PATH): Promise<NsmDevice> {
  const call = ioctlOf(await loadKoffi());
  return {
    request: async (message) => {
      if (message.length > MAX_REQUEST_BYTES) throw unavailable("DEVICE_REFUSED", "A request to NSM has above 4 KiB.");
      const device = open(path);
      try {
        return call(device, message);
      } finally {
        closeSync(device);
      }
    },
  };
}

async function loadKoffi(): Promise<Koffi> {
  try {
    return await import("koffi");
  } catch (cause) {
    throw unavailable(
      "ADDON_MISSING",
      "The package koffi is not installed, or not for this Node: npm install koffi beside Cloister.",
      cause,
    );
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === "EACCES" || errno === "EPERM") {
      throw unavailable("DEVICE_DENIED", `This process may not open ${path}: run it as root in the enclave.`, cause);
    }
    throw unavailable("DEVICE_MISSING", `${path} can't be opened: is this a Nitro enclave?`, cause);
  }
}

/** struct nsm_raw is two iovecs: what is asked, and where the answer goes, whose length the kernel sets. */
function ioctlOf(koffi: Koffi): (device: number, message: Uint8Array) => Uint8Array {
  const vector = koffi.struct({ base: "void *", length: "size_t" });
  const raw = koffi.struct({ request: vector, response: vector });
  const ioctl: unknown = koffi
    .load(null)
    .func("ioctl", "int", ["int", "unsigned long", koffi.inout(koffi.pointer(raw))]);
  return (device, message) => {
    const answer = new Uint8Array(MAX_ANSWER_BYTES);
    const response = { base: answer, length: answer.length };
    const vectors = { request: { base: message, length: message.length }, response };
    // koffi types every function of a library the same way.
    const result = (ioctl as (...values: unknown[]) => unknown)(device, NSM_IOCTL_RAW, vectors);
    if (result !== 0) {
      throw unavailable("DEVICE_REFUSED", `NSM didn't answer (errno ${koffi.errno()}): is this its device?`);
    }
    return answer.slice(0, response.length);
  };
}
