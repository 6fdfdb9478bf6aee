import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { GpuVerifier } from "@cloister/attestation";
import { nvidiaGpuVerifier } from "@cloister/attestation/nvidia";
import { codeOf, ServiceError } from "@cloister/service";
import { z } from "zod";

export interface GpuKeys {
  readonly verifier: GpuVerifier;
  /** SHA-256 of the file, in hex: whoever could change it could vouch for GPUs of his own, so that evidence states it. */
  readonly digestHex: string;
}

const jwks = z.looseObject({ keys: z.array(z.looseObject({ kty: z.literal("EC"), kid: z.string() })).min(1) });

/**
 * The keys of the service that attests GPUs, as its JWKS says them.
 * @throws ServiceError CONFIG_INVALID if the file can't be read or is no JWKS of elliptic-curve keys with names
 */
export async function readGpuKeys(path: string): Promise<GpuKeys> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw invalid(path, `it can't be read (${codeOf(error)})`);
  });
  const digestHex = createHash("sha256").update(bytes).digest("hex");
  return { verifier: nvidiaGpuVerifier(parsed(path, bytes)), digestHex };
}

function parsed(path: string, bytes: Uint8Array): z.infer<typeof jwks> {
  try {
    return jwks.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw invalid(path, "it is no JWKS of elliptic-curve keys, each with its kid");
  }
}

const invalid = (path: string, what: string): ServiceError =>
  new ServiceError("CONFIG_INVALID", `CLOISTER_GPU_JWKS_FILE, ${path}: ${what}`);
