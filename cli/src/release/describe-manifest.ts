import chalk from "chalk";
import type { ReleaseManifest } from "@cloister/policy";
import { hexOf, timeText } from "../terminal.ts";

const hardwareWords: Readonly<Record<keyof ReleaseManifest["measurements"], string>> = {
  "aws-nitro": "AWS Nitro Enclaves",
  "sev-snp": "AMD SEV-SNP",
  "intel-tdx": "Intel TDX",
  simulated: "simulated evidence, which proves nothing",
};

/** A manifest in the words of whoever looks at it: what, as what, on which hardware, until when. */
export function describeManifest(manifest: ReleaseManifest, nowMs: number): string[] {
  const { name, version, role, measurements } = manifest;
  return [
    chalk.bold(`Release ${version} of ${name}, to run as ${role}`),
    windowText(manifest, nowMs),
    "",
    ...Object.entries(hardwareWords).flatMap(([format, hardware]) => {
      const programs = Object.entries(measurements).find(([named]) => named === format)?.[1] ?? [];
      return programs.flatMap(({ measurement, configurationDigest }) => [
        `- on ${hardware}`,
        `  measurement          ${hexOf(measurement)}`,
        `  configuration digest ${hexOf(configurationDigest)}`,
      ]);
    }),
  ];
}

function windowText({ notBeforeMs, notAfterMs }: ReleaseManifest, nowMs: number): string {
  const window = `It counts from ${timeText(notBeforeMs)} until ${timeText(notAfterMs)}`;
  if (nowMs >= notAfterMs) return `${window}: it is over.`;
  return nowMs < notBeforeMs ? `${window}: it has not begun.` : `${window}.`;
}
