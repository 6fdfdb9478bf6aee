import type { EvidenceFormat } from "./tagged-evidence.ts";

/** Where an instance gets evidence about itself: a device, a sidecar, or the simulation of development builds. */
export interface EvidenceSource {
  readonly format: EvidenceFormat;
  /** Tagged evidence over 64 bytes of report data. */
  collect(reportData: Uint8Array): Promise<Uint8Array>;
  /** Signed notes that travel beside the evidence, by which a release signer vouches for the program; none if left out. */
  releaseManifests?(): Promise<readonly Uint8Array[]>;
}
