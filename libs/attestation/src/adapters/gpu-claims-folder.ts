import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex } from "@noble/hashes/utils.js";
import { readBoundedFile } from "./bounded-file.ts";
import { isThere } from "./detect-hardware.ts";
import { unavailable } from "./unavailable.ts";

export interface GpuClaimsOptions {
  /** How often the answer is looked for, and how many times. */
  readonly attempts?: number;
  readonly wait?: () => Promise<void>;
}

const WAIT_MS = 100;
/** NVIDIA's service is a call over the network: half a minute. */
const ATTEMPTS = 300;

/**
 * Asks the image's own attestation agent for claims about the GPUs, by files: `<nonce>.nonce` is put into the folder, and
 * the agent answers by `<nonce>.json`, a detached EAT over that nonce, moved there when it is whole. Both are removed.
 * @param nonce 32 bytes; 64 hex digits in the names
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault DEVICE_DENIED if the folder can't be written, DEVICE_BUSY if
 * no answer came within 30 s; as `readBoundedFile`
 */
export async function gpuClaimsFromFolder(
  folder: string,
  nonce: Uint8Array,
  { attempts = ATTEMPTS, wait = aMoment }: GpuClaimsOptions = {},
): Promise<Uint8Array> {
  const question = join(folder, `${bytesToHex(nonce)}.nonce`);
  const answer = join(folder, `${bytesToHex(nonce)}.json`);
  try {
    await ask(folder, question, bytesToHex(nonce));
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await isThere(answer)) return await readBoundedFile(answer, "may this process read what the agent writes?");
      await wait();
    }
    throw unavailable("DEVICE_BUSY", `Nobody answered ${question}: does the agent for the GPUs run in this image?`);
  } finally {
    await Promise.all([rm(question, { force: true }), rm(answer, { force: true })]);
  }
}

/** Whole when it is there. */
async function ask(folder: string, question: string, nonceHex: string): Promise<void> {
  try {
    await writeFile(`${question}.part`, nonceHex);
    await rename(`${question}.part`, question);
  } catch (cause) {
    throw unavailable(
      "DEVICE_DENIED",
      `This process can't write to ${folder}: it asks for claims about GPUs there.`,
      cause,
    );
  }
}

function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, WAIT_MS));
}
