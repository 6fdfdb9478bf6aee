import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from "jose";
import * as z from "zod/mini";
import type { GpuExpectations, GpuVerifier } from "../../gpu.ts";
import { parseDetachedEat } from "./detached-eat.ts";
import { gpuError } from "./gpu-error.ts";

const digest = z.tuple([z.literal("DIGEST"), z.tuple([z.enum(["SHA-256", "SHA256"]), z.string()])]);
const overallClaims = z.object({
  "x-nvidia-overall-att-result": z.literal(true),
  eat_nonce: z.string(),
  submods: z.record(z.string(), digest),
});
/** NVIDIA's GPU claims, version 3: measured as its reference manifests say, booted securely, without debugging. */
const deviceClaims = z.object({
  measres: z.literal("success"),
  secboot: z.literal(true),
  dbgstat: z.literal("disabled"),
  eat_nonce: z.string(),
});

/**
 * Verifies a detached EAT of NVIDIA's attestation service: both kinds of token by ES384 with its keys, in their time,
 * over the nonce of this evidence; each device's token is the one that the overall token has the digest of.
 * @param keys the service's JWKS, which the caller fetched and trusts.
 */
export function nvidiaGpuVerifier(keys: JSONWebKeySet): GpuVerifier {
  const keyOf = createLocalJWKSet(keys);
  const claimsOf = async <Claims>(token: string, schema: z.ZodMiniType<Claims>, expected: GpuExpectations) => {
    const options = {
      algorithms: ["ES384"],
      issuer: expected.issuer,
      currentDate: new Date(expected.nowMs),
      requiredClaims: ["exp", "iat"],
    };
    try {
      const { payload } = await jwtVerify(token, keyOf, options);
      const parsed = schema.safeParse(payload);
      if (parsed.success) return parsed.data;
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw gpuError(`a token is refused (${cause.code})`, cause);
      throw cause;
    }
    throw gpuError("a device is not as NVIDIA measured it, was booted otherwise, or is debugged");
  };
  return {
    async verify(claims: Uint8Array, expected: GpuExpectations): Promise<void> {
      const { overall, devices } = parseDetachedEat(claims);
      const { submods, eat_nonce: nonce } = await claimsOf(overall, overallClaims, expected);
      checkNonce(nonce, expected);
      checkDevices(submods, devices);
      for (const token of devices.values()) {
        checkNonce((await claimsOf(token, deviceClaims, expected)).eat_nonce, expected);
      }
    },
  };
}

function checkNonce(stated: string, { nonce }: GpuExpectations): void {
  if (stated.toLowerCase() !== bytesToHex(nonce)) throw gpuError("they belong to other evidence");
}

type Submods = z.infer<typeof overallClaims>["submods"];

function checkDevices(submods: Submods, devices: ReadonlyMap<string, string>): void {
  const named = Object.entries(submods);
  const isWhole = named.length === devices.size && named.some(([name]) => name.startsWith("GPU-"));
  if (!isWhole || !named.every(([name, [, [, stated]]]) => isDigestOf(stated, devices.get(name)))) {
    throw gpuError("the devices' tokens aren't those that the overall token is about");
  }
}

function isDigestOf(statedHex: string, token: string | undefined): boolean {
  return token !== undefined && statedHex.toLowerCase() === bytesToHex(sha256(utf8ToBytes(token)));
}
