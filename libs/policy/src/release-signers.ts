import { type AllowedMeasurement, type AttestedRole, type EvidenceFormat, isAllowedAt } from "@cloister/attestation";
import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import { PolicyError } from "./errors.ts";
import { digest384, ed25519Key, shortName } from "./fields.ts";
import type { Policy } from "./policy.ts";
import {
  manifestFormats,
  MAX_MANIFESTS,
  openReleaseManifest,
  type ReleaseManifest,
} from "./statements/release-manifest.ts";

const signers = z.optional(
  z.array(z.strictObject({ name: shortName, publicKey: ed25519Key })).check(
    z.maxLength(8),
    z.refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "two signers have one name"),
  ),
);

/** By role: whose release manifests allow programs. A role that is left out has exact measurements alone. */
export const releaseSignersField = z.strictObject({
  keys: signers,
  redaction: signers,
  "enclave-inference": signers,
  embedding: signers,
});

/** Programs that are refused in every role, whatever lists them: SHA-384, as in `measurements`. */
export const withdrawnField = z.array(digest384).check(z.maxLength(256));

/** A manifest that a policy's release signer signed, as it came. */
export interface Release {
  readonly note: Uint8Array;
  readonly manifest: ReleaseManifest;
}

export interface Released {
  /** What the manifests allow, each entry with the release that it comes from. */
  readonly allowed: ReadonlyMap<AllowedMeasurement, Release>;
  /** Why the others don't count, a sentence each. */
  readonly ignored: readonly string[];
}

/**
 * What manifests beside evidence allow in a role, by the release signers that the policy names for it. Each entry has the
 * manifest's window and kind of evidence, for `verifyEvidence` to hold against time and evidence. A manifest of another
 * signer or role doesn't count, and harms none: it may be another tenant's.
 * @throws PolicyError MANIFEST_MALFORMED for more than 4, or for one above 8 KiB or not in its form; NOTE_MALFORMED;
 * SIGNATURE_INVALID for one that was changed.
 */
export function releasedMeasurements(
  { releaseSigners }: Pick<Policy, "releaseSigners">,
  role: AttestedRole,
  notes: readonly Uint8Array[],
): Released {
  if (notes.length > MAX_MANIFESTS) {
    throw new PolicyError("MANIFEST_MALFORMED", `More than ${MAX_MANIFESTS} release manifests came with evidence.`);
  }
  const named = releaseSigners?.[role]?.map(({ publicKey }) => publicKey) ?? [];
  const allowed = new Map<AllowedMeasurement, Release>();
  const ignored: string[] = [];
  for (const note of notes) {
    const manifest = openedBy(note, named);
    if (manifest === undefined)
      ignored.push(`A release manifest is signed by nobody whom the policy names for ${role}.`);
    else if (manifest.role !== role) ignored.push(`The manifest of ${releaseName(manifest)} is for ${manifest.role}.`);
    else for (const entry of entriesOf(manifest)) allowed.set(entry, { note, manifest });
  }
  return { allowed, ignored };
}

/** "cloister/1.4.2": what audit and people call a release. */
export function releaseName({ name, version }: Pick<ReleaseManifest, "name" | "version">): string {
  return `${name}/${version}`;
}

/** A program as a certificate states it. */
export interface StatedProgram {
  readonly measurement: Uint8Array;
  readonly configurationDigest: Uint8Array;
  readonly release?: { readonly format: EvidenceFormat; readonly manifest: Uint8Array } | undefined;
}

/**
 * Whether a policy allows a program in a role at that time, exactly or by the manifest that came with it.
 * @throws PolicyError MEASUREMENT_WITHDRAWN, MEASUREMENT_NOT_ALLOWED; those of `releasedMeasurements`.
 */
export function requireAllowedProgram(policy: Policy, role: AttestedRole, program: StatedProgram, atMs: number): void {
  if (policy.withdrawn?.some((one) => equalBytes(one, program.measurement)) === true) {
    throw new PolicyError("MEASUREMENT_WITHDRAWN", `The policy has withdrawn this program of ${role}.`);
  }
  const { release } = program;
  const released = release === undefined ? [] : releasedMeasurements(policy, role, [release.manifest]).allowed.keys();
  const isAllowed = [...policy.measurements[role], ...released].some(
    (entry: AllowedMeasurement) =>
      isAllowedAt(entry, atMs) &&
      (entry.format === undefined || entry.format === release?.format) &&
      equalBytes(entry.measurement, program.measurement) &&
      equalBytes(entry.configurationDigest, program.configurationDigest),
  );
  if (isAllowed) return;
  throw new PolicyError("MEASUREMENT_NOT_ALLOWED", `The policy doesn't allow this program as ${role}.`);
}

function openedBy(note: Uint8Array, named: readonly Uint8Array[]): ReleaseManifest | undefined {
  try {
    return openReleaseManifest(note, named);
  } catch (error) {
    if (error instanceof PolicyError && error.code === "NOTE_UNSIGNED") return undefined;
    throw error;
  }
}

function entriesOf({ measurements, notBeforeMs, notAfterMs }: ReleaseManifest): AllowedMeasurement[] {
  return manifestFormats.flatMap(
    (format) => measurements[format]?.map((program) => ({ ...program, format, notBeforeMs, notAfterMs })) ?? [],
  );
}
