import { bytesToHex } from "@noble/hashes/utils.js";
import type { Policy } from "../policy.ts";
import { changes, compareLists, itself, type Said, shortHex, strengthens, weakens } from "./change.ts";

type Hardware = NonNullable<Policy["hardware"]>;

const noHostData = [new Uint8Array(32)];
const formats = { "aws-nitro": "AWS Nitro Enclaves", "sev-snp": "AMD SEV-SNP", "intel-tdx": "Intel TDX" } as const;

export function hardware(before: Hardware = {}, after: Hardware = {}): Said[] {
  return [
    ...kinds(before, after),
    ...registers(before["aws-nitro"]?.pcrs ?? {}, after["aws-nitro"]?.pcrs ?? {}),
    ...patchLevels(before["sev-snp"]?.minimumTcb ?? {}, after["sev-snp"]?.minimumTcb ?? {}),
    ...hostData(before["sev-snp"], after["sev-snp"]),
    ...revocationList(before["sev-snp"], after["sev-snp"]),
    ...(before["intel-tdx"] && after["intel-tdx"] ? platformStatus(before["intel-tdx"], after["intel-tdx"]) : []),
    ...age(before.maximumEvidenceAgeMs, after.maximumEvidenceAgeMs),
    ...machines(before.machines ?? {}, after.machines ?? {}),
    ...gpuIssuer(before.gpuIssuer, after.gpuIssuer),
  ];
}

function kinds(before: Hardware, after: Hardware): Said[] {
  const named = (policy: Hardware) => (["aws-nitro", "sev-snp", "intel-tdx"] as const).filter((kind) => policy[kind]);
  const { added, removed } = compareLists(named(before), named(after), itself);
  return [
    ...added.map((kind) => weakens(`Evidence of ${formats[kind]} counts, too.`)),
    ...removed.map((kind) => strengthens(`Evidence of ${formats[kind]} no longer counts.`)),
  ];
}

type Registers = Readonly<Record<string, Uint8Array>>;

function registers(before: Registers, after: Registers): Said[] {
  const entries = (pcrs: Registers) => Object.entries(pcrs).map(([index, value]) => `${index} ${bytesToHex(value)}`);
  const { added, removed } = compareLists(entries(before), entries(after), itself);
  const nameOf = (entry: string): string => `PCR${entry.split(" ", 1).join("")}`;
  return [
    ...added.map((entry) => strengthens(`${nameOf(entry)} of a Nitro enclave must have the value that it names.`)),
    ...removed.map((entry) => weakens(`${nameOf(entry)} of a Nitro enclave need no longer have the value it had to.`)),
  ];
}

type MinimumTcb = NonNullable<Hardware["sev-snp"]>["minimumTcb"];

function patchLevels(before: MinimumTcb, after: MinimumTcb): Said[] {
  const lines = ["milan", "genoa", "turin"] as const;
  return lines.flatMap((line) => {
    const [was, is] = [before[line], after[line]];
    if (!was && !is) return [];
    if (!was) return [weakens(`Processors of the line ${line} count, too.`)];
    if (!is) return [strengthens(`Processors of the line ${line} no longer count.`)];
    const parts = ["fmc", "bootloader", "tee", "snp", "microcode"] as const;
    return parts.flatMap((part) => levelChange(`${line}'s ${part}`, was[part] ?? 0, is[part] ?? 0));
  });
}

function levelChange(name: string, was: number, is: number): Said[] {
  if (was === is) return [];
  const sentence = `The lowest patch level of ${name} is ${is} instead of ${was}.`;
  return [is > was ? strengthens(sentence) : weakens(sentence)];
}

function hostData(before: Hardware["sev-snp"], after: Hardware["sev-snp"]): Said[] {
  if (!before || !after) return [];
  const { added, removed } = compareLists(before.hostData ?? noHostData, after.hostData ?? noHostData, bytesToHex);
  return [
    ...added.map((data) => weakens(`A host may give a guest of SEV-SNP the data ${shortHex(data)}.`)),
    ...removed.map((data) => strengthens(`A host may no longer give a guest of SEV-SNP the data ${shortHex(data)}.`)),
  ];
}

function revocationList(before: Hardware["sev-snp"], after: Hardware["sev-snp"]): Said[] {
  if (!before || !after || before.revocationList === after.revocationList) return [];
  return after.revocationList
    ? [strengthens("Evidence of SEV-SNP must bring AMD's list of revoked authorities along.")]
    : [weakens("Evidence of SEV-SNP need no longer bring AMD's list of revoked authorities along.")];
}

type Tdx = NonNullable<Hardware["intel-tdx"]>;

function platformStatus(before: Tdx, after: Tdx): Said[] {
  const { added, removed } = compareLists(before.acceptedResults ?? ["OK"], after.acceptedResults ?? ["OK"], itself);
  return [
    ...added.map((result) => weakens(`Machines with TDX count with the status ${result}, too.`)),
    ...removed.map((result) => strengthens(`Machines with TDX no longer count with the status ${result}.`)),
    ...levelChange(
      "Intel's evaluation data",
      before.minimumTcbEvaluationDataNumber ?? 0,
      after.minimumTcbEvaluationDataNumber ?? 0,
    ),
  ];
}

function age(was: number | undefined, is: number | undefined): Said[] {
  if (was === is) return [];
  if (is === undefined) return [weakens("Evidence may have any age within its life.")];
  const sentence = `Evidence counts for ${is / 1000} seconds.`;
  return [was === undefined || is < was ? strengthens(sentence) : weakens(sentence)];
}

type Machines = Readonly<Record<string, readonly string[]>>;

function machines(before: Machines, after: Machines): Said[] {
  const entries = (list: Machines) =>
    Object.entries(list).flatMap(([region, ids]) => ids.map((id) => `${region} ${id}`));
  const { added, removed } = compareLists(entries(before), entries(after), itself);
  const text = (entry: string): string => `the machine ${entry.split(" ")[1]?.slice(0, 16) ?? ""}…`;
  const regionOf = (entry: string): string => entry.split(" ", 1).join("");
  return [
    ...added.map((entry) =>
      weakens(`The tenant's word counts as proof that ${text(entry)} stands in ${regionOf(entry)}.`),
    ),
    ...removed.map((entry) => strengthens(`Nothing says any more that ${text(entry)} stands in ${regionOf(entry)}.`)),
  ];
}

function gpuIssuer(was: string | undefined, is: string | undefined): Said[] {
  if (was === is) return [];
  if (is === undefined) return [changes("Nobody's claims about GPUs count.")];
  return [weakens(`Claims about GPUs count by the word of ${is}.`)];
}
