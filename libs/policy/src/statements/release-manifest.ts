import type { EvidenceFormat } from "@cloister/attestation";
import * as z from "zod/mini";
import { DAY_MS } from "../buckets.ts";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { digest384, roleField, shortName, timeMs } from "../fields.ts";
import { openStatement, readUnverified, signStatement, statementFormat } from "../statement.ts";

/** Beside one piece of evidence. */
export const MAX_MANIFESTS = 4;
export const MAX_MANIFEST_BYTES = 8 * 1024;
/** That of a policy: a release signer's word is renewed as often as the tenant's. */
export const MAX_MANIFEST_LIFE_MS = 90 * DAY_MS;
const MAX_PROGRAMS = 24;

/** A release isn't of one tenant, and neither is the name of the key that signs it. */
const KEY_NAME = "cloister/release";

export const manifestFormats = [
  "aws-nitro",
  "sev-snp",
  "intel-tdx",
  "simulated",
] as const satisfies readonly EvidenceFormat[];

const programs = z.optional(
  z
    .array(z.strictObject({ measurement: digest384, configurationDigest: digest384 }))
    .check(z.minLength(1), z.maxLength(MAX_PROGRAMS)),
);

const schema = z
  .strictObject({
    /** What is released, and as which version; for people and audit. */
    name: shortName,
    version: shortName,
    role: roleField,
    /** By the hardware that vouches for them; a measurement of one says nothing about another. */
    measurements: z.strictObject({
      "aws-nitro": programs,
      "sev-snp": programs,
      "intel-tdx": programs,
      simulated: programs,
    }),
    notBeforeMs: timeMs,
    /** The end doesn't count. */
    notAfterMs: timeMs,
  })
  .check(
    z.refine(({ notBeforeMs, notAfterMs }) => notBeforeMs < notAfterMs, "it ends before it begins"),
    z.refine(
      ({ notBeforeMs, notAfterMs }) => notAfterMs - notBeforeMs <= MAX_MANIFEST_LIFE_MS,
      "it lives longer than 90 days",
    ),
    z.refine(({ measurements }) => isWithin(count(measurements)), `it names no program, or more than ${MAX_PROGRAMS}`),
  );

/** A release signer's word that these programs are a release of a role. Whether it counts is each tenant's policy's. */
export type ReleaseManifest = z.output<typeof schema>;

const format = statementFormat("release manifest", schema, "MANIFEST_MALFORMED");

/** @throws PolicyError MANIFEST_MALFORMED if a field breaks its limits, or the note is above 8 KiB. */
export function signReleaseManifest(manifest: ReleaseManifest, signer: NoteSigner): Uint8Array {
  return bounded(signStatement(format, manifest, [{ name: KEY_NAME, key: signer }]));
}

/**
 * The manifest if one of these keys (Ed25519, 32 bytes) signed it. Its window is the caller's to check.
 * @throws PolicyError of `openNote`; MANIFEST_MALFORMED also if it is above 8 KiB.
 */
export function openReleaseManifest(note: Uint8Array, signers: readonly Uint8Array[]): ReleaseManifest {
  const verifiers = signers.map((publicKey) => ({ name: KEY_NAME, publicKey }));
  return openStatement(format, bounded(note), verifiers).value;
}

/**
 * What a manifest says, whoever signed it: to show, or to choose those that are worth showing. Never to decide on.
 * @throws PolicyError NOTE_MALFORMED, MANIFEST_MALFORMED.
 */
export function readUnverifiedManifest(note: Uint8Array): ReleaseManifest {
  return readUnverified(format, bounded(note));
}

/**
 * A manifest from its fields as a note's JSON writes them: hex, times in ms.
 * @throws PolicyError MANIFEST_MALFORMED.
 */
export function manifestFromJson(fields: unknown): ReleaseManifest {
  const decoded = z.safeParse(schema, fields);
  if (decoded.success) return decoded.data;
  const reasons = decoded.error.issues.map((issue) => `${issue.path.join(".") || "manifest"}: ${issue.message}`);
  throw new PolicyError("MANIFEST_MALFORMED", `The release manifest breaks its limits. ${reasons.join("; ")}.`);
}

/** The fields of a manifest as its note's JSON writes them. */
export function manifestToJson(manifest: ReleaseManifest): z.input<typeof schema> {
  return z.encode(schema, manifest);
}

function bounded(note: Uint8Array): Uint8Array {
  if (note.length <= MAX_MANIFEST_BYTES) return note;
  throw new PolicyError("MANIFEST_MALFORMED", "A release manifest is larger than 8 KiB.");
}

function count(measurements: ReleaseManifest["measurements"]): number {
  return manifestFormats.reduce((sum, name) => sum + (measurements[name]?.length ?? 0), 0);
}

const isWithin = (programsNamed: number): boolean => programsNamed > 0 && programsNamed <= MAX_PROGRAMS;
