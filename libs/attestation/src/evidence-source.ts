import type { EvidenceFormat } from "./tagged-evidence.ts";

/** Where an instance gets evidence about itself: a device, a sidecar, or the simulation of development builds. */
export interface EvidenceSource {
  readonly format: EvidenceFormat;
  /** Tagged evidence over 64 bytes of report data. */
  collect(reportData: Uint8Array): Promise<Uint8Array>;
}
