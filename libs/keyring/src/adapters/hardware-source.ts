import { AttestationError, withGpuClaims, type EvidenceSource } from "@cloister/attestation";
import {
  detectHardware,
  gpuClaimsFromFolder,
  hardwareFormats,
  type HardwareFormat,
  type HardwarePlaces,
} from "@cloister/attestation/sources";
import {
  snpCertificateFromFile,
  snpRevocationListFromFile,
  snpSource,
  tdxCollateralFromFolder,
  tdxSource,
  type TsmOptions,
} from "@cloister/attestation/sources/configfs-tsm";
import { nsmDevice, nsmSource, type NsmDevice } from "@cloister/attestation/sources/nsm";
import { variable } from "@cloister/service";
import { z } from "zod";

const path = z.string().min(1).optional();

/** The environment variables by which every attested service finds the evidence of its hardware. */
export const hardwareVariables = {
  evidence: variable("CLOISTER_EVIDENCE", z.enum(hardwareFormats).optional(), {
    description: "Which TEE this is a guest of; found out where only one shows itself",
  }),
  snpCertificateFile: variable("CLOISTER_SNP_CERTIFICATE_FILE", path, {
    description: "Of SEV-SNP: the VCEK or VLEK (DER or PEM), where the host puts none beside its reports",
  }),
  snpRevocationListFile: variable("CLOISTER_SNP_REVOCATION_LIST_FILE", path, {
    description: "Of SEV-SNP: AMD's list of revoked authorities (DER), for policies that demand it",
  }),
  tdxCollateralFolder: variable("CLOISTER_TDX_COLLATERAL_FOLDER", path, {
    description: "Of TDX: the folder with Intel's collateral for this platform, which a job keeps current",
  }),
  releaseManifestsFolder: variable("CLOISTER_RELEASE_MANIFESTS_FOLDER", path, {
    description: "Folder with signed release manifests (*.note), shown beside the evidence; read anew each time",
  }),
};

export interface HardwareEnvironment {
  readonly evidence?: HardwareFormat | undefined;
  readonly snpCertificateFile?: string | undefined;
  readonly snpRevocationListFile?: string | undefined;
  readonly tdxCollateralFolder?: string | undefined;
  readonly releaseManifestsFolder?: string | undefined;
  /** Of enclave-inference beside GPUs: where the image's agent answers with claims about them. */
  readonly gpuClaimsFolder?: string | undefined;
}

/**
 * The source of this machine's evidence. Certificates and collateral are read anew each time.
 * @throws AttestationError EVIDENCE_UNAVAILABLE as `detectHardware`; COLLATERAL_MISSING without a folder for TDX
 */
export async function hardwareSource(
  environment: HardwareEnvironment,
  places: HardwarePlaces = {},
): Promise<EvidenceSource> {
  const format = environment.evidence ?? (await detectHardware(places));
  const source = sourceOf(format, environment, places);
  const { gpuClaimsFolder } = environment;
  if (gpuClaimsFolder === undefined) return source;
  return withGpuClaims(source, (nonce) => gpuClaimsFromFolder(gpuClaimsFolder, nonce));
}

function sourceOf(format: HardwareFormat, environment: HardwareEnvironment, places: HardwarePlaces): EvidenceSource {
  const { snpCertificateFile: certificate, snpRevocationListFile: list, tdxCollateralFolder: collateral } = environment;
  switch (format) {
    case "aws-nitro":
      return nsmSource(() => nsmOf(places));
    case "sev-snp":
      return snpSource({
        ...tsmOptions(places),
        ...(certificate !== undefined && { endorsementKey: () => snpCertificateFromFile(certificate) }),
        ...(list !== undefined && { revocationList: () => snpRevocationListFromFile(list) }),
      });
    case "intel-tdx":
      if (collateral === undefined) throw withoutCollateral();
      return tdxSource({ ...tsmOptions(places), collateral: () => tdxCollateralFromFolder(collateral) });
  }
}

/** The security module of a Nitro enclave. @throws AttestationError EVIDENCE_UNAVAILABLE as `nsmDevice` */
export function nsmOf({ nsm, nsmPath }: HardwarePlaces): Promise<NsmDevice> {
  return nsm?.() ?? nsmDevice(nsmPath);
}

function tsmOptions({ tsmFolder: folder, tsmFiles: files }: HardwarePlaces): TsmOptions {
  return { ...(folder !== undefined && { folder }), ...(files && { files }) };
}

function withoutCollateral(): AttestationError {
  const sentence =
    "Evidence of TDX needs what Intel publishes about the platform: set CLOISTER_TDX_COLLATERAL_FOLDER to a folder with it.";
  return new AttestationError("EVIDENCE_UNAVAILABLE", sentence, { fault: "COLLATERAL_MISSING" });
}
