import { join } from "node:path";
import { certificatesFromPem } from "../../certificates/index.ts";
import type { TdxCollateral } from "../../formats/tdx/collateral.ts";
import { readBoundedFile } from "../bounded-file.ts";
import { errnoOf } from "../unavailable.ts";

/** The files of a collateral folder, as Intel's PCS or a PCCS serves them. */
export const collateralFiles = {
  tcbInfo: "tcb-info.json",
  qeIdentity: "qe-identity.json",
  pckCrl: "pck.crl",
  rootCrl: "root.crl",
  issuers: "tcb-signing-chain.pem",
} as const;

/**
 * Reads collateral from a folder that a job of the operator keeps current. Whoever writes it can only stop evidence from
 * being accepted: all of it is signed by Intel. `tcb-signing-chain.pem` may be missing, then Intel's known signer counts.
 * @throws AttestationError EVIDENCE_UNAVAILABLE with fault COLLATERAL_MISSING if a file is missing, unreadable or above
 * 64 KiB.
 */
export async function tdxCollateralFromFolder(folder: string): Promise<TdxCollateral> {
  const read = (name: string) => readFile(join(folder, name));
  const issuers = await issuersIn(join(folder, collateralFiles.issuers));
  return {
    tcbInfo: textOf(await read(collateralFiles.tcbInfo)),
    qeIdentity: textOf(await read(collateralFiles.qeIdentity)),
    pckCrl: await read(collateralFiles.pckCrl),
    rootCrl: await read(collateralFiles.rootCrl),
    ...(issuers && { tcbInfoIssuers: issuers, qeIdentityIssuers: issuers }),
  };
}

async function issuersIn(path: string): Promise<readonly Uint8Array[] | undefined> {
  try {
    return certificatesFromPem(textOf(await readFile(path)));
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw error;
  }
}

function readFile(path: string): Promise<Uint8Array> {
  return readBoundedFile(path, "does the job that fetches it run?");
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
