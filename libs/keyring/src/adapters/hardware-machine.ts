import { randomBytes } from "node:crypto";
import {
  AttestationError,
  examineEvidence,
  hardwareVerifiers,
  type EvidenceSource,
  type EvidenceVerifier,
} from "@cloister/attestation";
import type { HardwarePlaces } from "@cloister/attestation/sources";
import { nsmDocument } from "@cloister/attestation/sources/nsm";
import type { Clock } from "@cloister/service";
import type { Machine, MachineOwner } from "../attested-machine.ts";
import { digestOfSettings } from "../digest-of-settings.ts";
import { refusingMachine } from "../machine-error.ts";
import { hardwareSource, nsmOf, type HardwareEnvironment } from "./hardware-source.ts";
import { withReleaseManifests } from "./release-manifests.ts";

/** What stands for hardware and its vendors in tests: no setting of a process reaches them. */
export interface HardwarePorts extends HardwarePlaces {
  readonly verifiers?: readonly EvidenceVerifier[];
}

const REPORT_DATA_BYTES = 64;

/**
 * The machine that this process runs on, after it has given evidence once that its own verifiers take for genuine: what
 * is wrong with hardware, certificates or collateral is found at the start and not by the first message.
 * @throws MachineError EVIDENCE_UNAVAILABLE, and what the verifiers refuse; ServiceError as `withReleaseManifests`
 */
export function openHardwareMachine(
  environment: HardwareEnvironment,
  { role, configuration, clock, log }: MachineOwner,
  { verifiers = hardwareVerifiers, ...places }: HardwarePorts = {},
): Promise<Machine> {
  return refusingMachine(async () => {
    const evidence = await hardwareSource(environment, places);
    const measurement = await measurementOf(evidence, verifiers, clock);
    const configurationDigest = digestOfSettings(configuration);
    log.info("this machine gave evidence of its hardware", {
      evidence: evidence.format,
      measurement: hexOf(measurement),
      configurationDigest: hexOf(configurationDigest),
    });
    const program = { role, measurement, configurationDigest };
    const shown = await withReleaseManifests(evidence, environment.releaseManifestsFolder, program, log);
    const nitroDocument = async (publicKey: Uint8Array) => nsmDocument(await nsmOf(places), { publicKey });
    return {
      ...{ evidence: shown, verifiers, measurement, configurationDigest },
      ...{ isDevelopment: false, simulatedRoots: [] },
      ...(evidence.format === "aws-nitro" && { nitroDocument }),
    };
  });
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

async function measurementOf(
  source: EvidenceSource,
  verifiers: readonly EvidenceVerifier[],
  clock: Clock,
): Promise<Uint8Array> {
  const challenge = randomBytes(REPORT_DATA_BYTES);
  const { measurement, reportData } = await examineEvidence(await source.collect(challenge), verifiers, clock.nowMs());
  if (Buffer.compare(reportData, challenge) === 0) return measurement;
  throw new AttestationError(
    "REPORT_DATA_MISMATCH",
    "The machine gave evidence over other bytes than it was asked for.",
  );
}
