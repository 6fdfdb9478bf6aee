import * as z from "zod/mini";
import { DAY_MS, HOUR_MS, bucketWidthMs } from "./buckets.ts";
import { PolicyError } from "./errors.ts";
import {
  digest384,
  ed25519Key,
  hex,
  kemKey,
  kmsKeyRef,
  kmsProvider,
  shortName,
  tenantIdField,
  timeMs,
} from "./fields.ts";
import { hardwareField } from "./hardware.ts";
import { allowsItsVectors, statesItsGuarantees } from "./guarantees.ts";
import { entityName, generalizesWhatCanBe, namesKnownKinds, redactionRulesField } from "./redaction-rules.ts";
import { releaseSignersField, withdrawnField } from "./release-signers.ts";
import { readUnverified, statementFormat } from "./statement.ts";
import { forbiddenTopicsField } from "./topic-phrases.ts";

export const presetNames = ["healthcare", "finance", "legal", "cybersecurity", "standard"] as const;
export type PresetName = (typeof presetNames)[number];

const MAX_POLICY_LIFE_MS = 90 * DAY_MS;

const days = (count: number) => count * DAY_MS;
const MAX_PERIOD_MS = days(36_525);

/** How long a class is kept, in whole ms, and a legal minimum that erasure of due items may not undercut. */
function period(minMs: number, maxMs: number) {
  return z
    .strictObject({
      periodMs: z.int().check(z.minimum(minMs), z.maximum(maxMs)),
      minimumDays: z.int().check(z.nonnegative()),
    })
    .check(
      z.refine(({ periodMs, minimumDays }) => days(minimumDays) <= periodMs, "minimumDays is longer than the period"),
      z.refine(({ periodMs }) => periodMs >= bucketWidthMs(periodMs), "the period is shorter than its bucket"),
    );
}

const measurements = z
  .array(
    z.strictObject({
      measurement: digest384,
      configurationDigest: digest384,
      /** When it is allowed; as long as the policy if left out. */
      notBeforeMs: z.optional(timeMs),
      notAfterMs: z.optional(timeMs),
    }),
  )
  .check(z.maxLength(64));

const fields = z.strictObject({
  version: z.int().check(z.minimum(1)),
  tenantId: tenantIdField,
  /** All root keys, the genesis root first, the one that signs this policy last. */
  roots: z.array(ed25519Key).check(z.minLength(1), z.maxLength(16)),
  notBeforeMs: timeMs,
  expiresAtMs: timeMs,
  preset: z.enum(presetNames),
  /** True allows what the embedded default can't guarantee. Production builds refuse such a policy. */
  development: z.boolean(),
  periods: z.strictObject({
    flow: period(days(1), days(7)),
    map: period(HOUR_MS, MAX_PERIOD_MS),
    log: period(HOUR_MS, MAX_PERIOD_MS),
    vector: period(HOUR_MS, days(60)),
    mailbox: period(HOUR_MS, MAX_PERIOD_MS),
    audit: period(HOUR_MS, MAX_PERIOD_MS),
  }),
  /** Earlier turns of the conversation are given to the model. */
  history: z.boolean(),
  /** Passages of the subject's other conversations are given to the model. */
  memory: z.boolean(),
  /** Nothing is ever trained on messages. */
  training: z.literal(false),
  /** Kinds of personal data that are replaced by placeholders. */
  redact: z.array(entityName).check(z.minLength(1), z.maxLength(128)),
  /** Kinds of personal data that refuse the message they are found in. */
  block: z._default(z.array(entityName).check(z.maxLength(128)), []),
  /** What people may not ask about. */
  forbiddenTopics: z._default(forbiddenTopicsField, []),
  /** How finds are judged and what is written in their place. */
  redaction: z.optional(redactionRulesField),
  measurements: z.strictObject({
    keys: measurements,
    redaction: measurements,
    "enclave-inference": measurements,
    embedding: measurements,
  }),
  /** Whose release manifests allow further programs, by role. */
  releaseSigners: z.optional(releaseSignersField),
  /** Programs that are refused, whatever allows them. */
  withdrawn: z.optional(withdrawnField),
  /** Which hardware counts, how old its firmware and evidence may be, and where machines stand. */
  hardware: z.optional(hardwareField),
  /** P-256, compressed. Development policies only. */
  simulatedRoots: z.array(hex(33)).check(z.maxLength(4)),
  admissionIssuers: z.array(z.strictObject({ name: shortName, publicKey: ed25519Key })).check(z.maxLength(16)),
  recipients: z
    .array(z.strictObject({ name: shortName, kemPublicKey: kemKey, map: z.boolean() }))
    .check(z.maxLength(14)),
  delegates: z
    .array(
      z.strictObject({
        verb: z.enum(["export", "hold", "release", "device", "knowledge-base-import", "unlock", "destroy-kek"]),
        publicKey: ed25519Key,
      }),
    )
    .check(z.maxLength(32)),
  kms: z.strictObject({
    custody: z.enum(["byok", "hyok"]),
    provider: kmsProvider,
    keyRef: kmsKeyRef,
  }),
  /** Set: the KMS may be asked with a credential that whoever runs `keys` could use beside it. */
  kmsTrust: z.optional(z.literal("credential")),
  residency: z.strictObject({
    /** Region names; empty means that the policy doesn't bind the region. */
    regions: z.array(shortName).check(z.maxLength(32)),
    /** The region must be proved by evidence; one that is only stated doesn't count. */
    attested: z.boolean(),
  }),
  witnesses: z.array(z.strictObject({ name: shortName, publicKey: ed25519Key })).check(z.maxLength(16)),
  vectors: z.enum(["none", "sealed", "protected"]),
  /** Where a model may run: inside the attested image, with an attested GPU or without. */
  modelLocality: z.enum(["enclave", "enclave-attested-gpu"]),
  /** How often a cell of a running answer leaves, in ms; 0: answers are not shown before they are whole. 50 if absent. */
  liveBeatMs: z.optional(z.union([z.literal(0), z.int().check(z.minimum(20), z.maximum(1_000))])),
});

const policySchema = fields.check(
  z.refine((policy) => policy.notBeforeMs < policy.expiresAtMs, "expires before it begins"),
  z.refine((policy) => policy.expiresAtMs - policy.notBeforeMs <= MAX_POLICY_LIFE_MS, "lives longer than 90 days"),
  z.refine((policy) => policy.development || policy.simulatedRoots.length === 0, "simulatedRoots need development"),
  z.refine((policy) => policy.development || policy.kms.provider !== "local", "a local KMS needs development"),
  z.refine((policy) => policy.development || statesItsGuarantees(policy), "lacks what its preset requires"),
  z.refine(allowsItsVectors, "vectors can't be `protected` under a preset that requires sealed ones"),
  z.refine(
    ({ vectors, periods }) => vectors !== "protected" || bucketWidthMs(periods.vector.periodMs) >= DAY_MS,
    "`protected` vectors need a period of more than two days: each of their buckets is a collection of its own",
  ),
  z.refine((policy) => hasDistinctNames(policy.recipients), "two recipients have one name"),
  z.refine((policy) => hasDistinctNames(policy.admissionIssuers), "two admission issuers have one name"),
  z.refine((policy) => hasDistinctNames(policy.forbiddenTopics), "two forbidden topics have one name"),
  z.refine(
    ({ redact, block, redaction }) => namesKnownKinds(redaction, [...redact, ...block]),
    "a redaction rule is for a kind that is neither in redact nor in block nor a pattern's name",
  ),
  z.refine(({ redaction }) => generalizesWhatCanBe(redaction), "only DATE_TIME and AGE can be generalized"),
);

/** A tenant's policy as parsed: its limits hold. Periods are in ms. */
export type Policy = z.output<typeof fields>;

/** The names of all fields of a policy. */
export const policyFieldNames: readonly (keyof Policy)[] = z.keyof(fields).options;

export const policyFormat = statementFormat("policy", policySchema, "POLICY_MALFORMED");

/** @throws PolicyError POLICY_MALFORMED if a field is unknown, missing or beyond its limits. */
export function checkedPolicy(policy: Policy): Policy {
  const encoded = z.safeEncode(policySchema, policy);
  if (encoded.success) return policy;
  throw beyondLimits(encoded.error);
}

function beyondLimits(error: z.core.$ZodError): PolicyError {
  const reasons = error.issues.map((issue) => `${issue.path.join(".") || "policy"}: ${issue.message}`);
  return new PolicyError("POLICY_MALFORMED", `The policy breaks its limits. ${reasons.join("; ")}.`);
}

/**
 * A policy from its fields as a note's JSON writes them: hex, base64, times in ms.
 * @throws PolicyError POLICY_MALFORMED if a field is unknown, missing or beyond its limits.
 */
export function policyFromJson(fieldsOfNote: unknown): Policy {
  const decoded = z.safeParse(policySchema, fieldsOfNote);
  if (decoded.success) return decoded.data;
  throw beyondLimits(decoded.error);
}

/** The fields of a policy as its note's JSON writes them. */
export function policyToJson(policy: Policy): z.input<typeof fields> {
  return z.encode(policySchema, policy);
}

/**
 * What a policy note says, before anybody checked its signature: for display, and to find the tenant it claims.
 * @throws PolicyError NOTE_MALFORMED, POLICY_MALFORMED.
 */
export function readUnverifiedPolicy(note: Uint8Array): Policy {
  return readUnverified(policyFormat, note);
}

function hasDistinctNames(entries: readonly { readonly name: string }[]): boolean {
  return new Set(entries.map((entry) => entry.name)).size === entries.length;
}
