import { bytesToHex } from "@noble/hashes/utils.js";
import { presets, type Guarantee } from "../presets.ts";
import type { Policy } from "../policy.ts";
import { changes, compareLists, itself, shortHex, strengthens, timeText, weakens, type Said } from "./change.ts";

export function version(before: Policy["version"], after: Policy["version"]): Said[] {
  return [changes(`It is version ${after} instead of ${before}.`)];
}

export function tenant(before: Policy["tenantId"], after: Policy["tenantId"]): Said[] {
  return [weakens(`It is the policy of another tenant: ${shortHex(after)} instead of ${shortHex(before)}.`)];
}

export function roots(before: Policy["roots"], after: Policy["roots"]): Said[] {
  const { added, removed } = compareLists(before, after, bytesToHex);
  const reordered =
    added.length + removed.length === 0 ? [weakens("The tenant's root keys follow each other in another order.")] : [];
  return [
    ...added.map((key) => weakens(`The root key ${shortHex(key)} may sign policies.`)),
    ...removed.map((key) => changes(`The root key ${shortHex(key)} is no longer in the tenant's history.`)),
    ...reordered,
  ];
}

export function begin(before: number, after: number): Said[] {
  return [changes(`It begins on ${timeText(after)} instead of ${timeText(before)}.`)];
}

export function end(before: number, after: number): Said[] {
  return [changes(`It is valid until ${timeText(after)} instead of ${timeText(before)}.`)];
}

const guaranteeWords: Readonly<Record<Guarantee, string>> = {
  hardwareEvidence: "evidence of hardware",
  attestedRegion: "a region that hardware proves",
  witnesses: "witnesses of the log",
  externalKms: "a KMS of the tenant",
  sealedVectors: "sealed vectors",
};

export function preset(before: Policy["preset"], after: Policy["preset"]): Said[] {
  const { added, removed } = compareLists(presets[before].requires, presets[after].requires, itself);
  const custodies = compareLists(presets[before].custodies, presets[after].custodies, itself);
  const required = (guarantees: readonly Guarantee[]) => guarantees.map((name) => guaranteeWords[name]).join(", ");
  const said = [
    ...(removed.length > 0 ? [weakens(`A deployment need no longer have: ${required(removed)}.`)] : []),
    ...(added.length > 0 ? [strengthens(`A deployment must have: ${required(added)}.`)] : []),
    ...(custodies.added.length > 0 ? [weakens("The operator may run the key service; the tenant need not.")] : []),
    ...(custodies.removed.length > 0 ? [strengthens("The tenant itself must run the key service.")] : []),
  ];
  return [changes(`Its preset is ${after} instead of ${before}.`), ...said];
}

export function development(_before: boolean, after: boolean): Said[] {
  return after
    ? [weakens("It is for development only: what a preset requires may be missing, and evidence may be simulated.")]
    : [strengthens("It is for production: what its preset requires must be there.")];
}

const attestedRoles = ["keys", "redaction", "enclave-inference", "embedding"] as const;

type Program = Policy["measurements"]["keys"][number];

const roleWords: Readonly<Record<keyof Policy["measurements"], string>> = {
  keys: "the key service",
  redaction: "redaction",
  "enclave-inference": "inference",
  embedding: "embedding",
};

export function measurements(before: Policy["measurements"], after: Policy["measurements"]): Said[] {
  return attestedRoles.flatMap((role) => {
    const { added, removed } = compareLists(before[role], after[role], programKey);
    return [
      ...added.map((one) => weakens(`Another program may run as ${roleWords[role]}: ${programText(one)}.`)),
      ...removed.map((one) => strengthens(`A program may no longer run as ${roleWords[role]}: ${programText(one)}.`)),
    ];
  });
}

function programKey({ measurement, configurationDigest, notBeforeMs, notAfterMs }: Program): string {
  return `${bytesToHex(measurement)} ${bytesToHex(configurationDigest)} ${notBeforeMs ?? ""} ${notAfterMs ?? ""}`;
}

function programText({ measurement, configurationDigest, notBeforeMs, notAfterMs }: Program): string {
  const from = notBeforeMs === undefined ? "" : `, from ${timeText(notBeforeMs)}`;
  const until = notAfterMs === undefined ? "" : `, until ${timeText(notAfterMs)}`;
  return `measurement ${shortHex(measurement)}, configuration ${shortHex(configurationDigest)}${from}${until}`;
}

type ReleaseSigners = NonNullable<Policy["releaseSigners"]>;

export function releaseSigners(before: ReleaseSigners = {}, after: ReleaseSigners = {}): Said[] {
  return attestedRoles.flatMap((role) => {
    const keyOf = ({ publicKey }: { readonly publicKey: Uint8Array }): string => bytesToHex(publicKey);
    const { added, removed, kept } = compareLists(before[role] ?? [], after[role] ?? [], keyOf);
    const text = ({ name, publicKey }: (typeof added)[number]): string => `${name} (key ${shortHex(publicKey)})`;
    return [
      ...added.map((one) => weakens(`Whatever ${text(one)} releases may run as ${roleWords[role]}.`)),
      ...removed.map((one) => strengthens(`What ${text(one)} releases may no longer run as ${roleWords[role]}.`)),
      ...kept.flatMap(([was, is]) =>
        was.name === is.name ? [] : [changes(`${text(was)}, who releases ${roleWords[role]}, is called ${is.name}.`)],
      ),
    ];
  });
}

export function withdrawn(before: readonly Uint8Array[] = [], after: readonly Uint8Array[] = []): Said[] {
  const { added, removed } = compareLists(before, after, bytesToHex);
  return [
    ...added.map((one) => strengthens(`The program ${shortHex(one)} is withdrawn: it may run as nothing.`)),
    ...removed.map((one) => weakens(`The program ${shortHex(one)} is no longer withdrawn.`)),
  ];
}

export function simulatedRoots(before: Policy["simulatedRoots"], after: Policy["simulatedRoots"]): Said[] {
  const { added, removed } = compareLists(before, after, bytesToHex);
  return [
    ...added.map((root) => weakens(`Evidence that the key ${shortHex(root)} simulates is believed.`)),
    ...removed.map((root) => strengthens(`Evidence that the key ${shortHex(root)} simulates is no longer believed.`)),
  ];
}
