import type { Policy } from "@cloister/policy";
import { hexOf } from "../terminal.ts";

type Hardware = NonNullable<Policy["hardware"]>;

/** Which hardware counts, in sentences. */
export function hardwareSentences(policy: Policy): string[] {
  const { hardware = {}, development, measurements } = policy;
  const lines = [...nitro(hardware), ...snp(hardware), ...tdx(hardware)];
  const programs = Object.entries(measurements).map(([role, allowed]) => `${role} ${String(allowed.length)}`);
  return [
    ...(lines.length > 0 ? lines : ["No hardware is named, so evidence of none counts."]),
    ...(development ? ["Simulated evidence counts, too: it proves nothing."] : []),
    `Programs that may run, by role: ${programs.join(", ")}.`,
    ...releases(policy),
    ...(hardware.maximumEvidenceAgeMs === undefined
      ? []
      : [`Evidence counts for ${String(hardware.maximumEvidenceAgeMs / 1000)} seconds.`]),
    ...Object.entries(hardware.machines ?? {}).map(
      ([region, ids]) => `Machines known to stand in ${region}: ${String(ids.length)}.`,
    ),
    ...(hardware.gpuIssuer === undefined ? [] : [`Claims about GPUs count by the word of ${hardware.gpuIssuer}.`]),
  ];
}

function releases({ releaseSigners = {}, withdrawn = [] }: Policy): string[] {
  const named = Object.entries(releaseSigners).map(([role, signers = []]) =>
    signers.map(({ name, publicKey }) => `Besides, what ${name} (${hexOf(publicKey)}) releases may run as ${role}.`),
  );
  return [...named.flat(), ...withdrawn.map((measurement) => `Withdrawn, whatever allows it: ${hexOf(measurement)}.`)];
}

function nitro({ "aws-nitro": named }: Hardware): string[] {
  if (named === undefined) return [];
  const registers = Object.keys(named.pcrs ?? {}).map((index) => `PCR${index}`);
  return [
    `AWS Nitro Enclaves${registers.length === 0 ? "" : `, with the values it names of ${registers.join(", ")}`}.`,
  ];
}

function snp({ "sev-snp": named }: Hardware): string[] {
  const list = named?.revocationList ? ", with AMD's list of revoked authorities" : "";
  return Object.entries(named?.minimumTcb ?? {}).map(([line, levels]) => {
    const parts = Object.entries(levels ?? {}).map(([part, level]) => `${part} ${String(level)}`);
    return `AMD SEV-SNP on ${line}, patched at least to ${parts.join(", ")}${list}.`;
  });
}

function tdx({ "intel-tdx": named }: Hardware): string[] {
  if (named === undefined) return [];
  return [`Intel TDX, where Intel's rules say ${(named.acceptedResults ?? ["OK"]).join(" or ")} of the machine.`];
}
