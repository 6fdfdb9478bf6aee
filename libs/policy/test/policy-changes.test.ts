import { describe, expect, it } from "@jest/globals";
import { parseTenantId } from "@cloister/envelope";
import { DAY_MS, HOUR_MS, policyFieldNames, type Policy } from "@cloister/policy";
import { durationText, explainedFields, policyChanges, type Effect } from "@cloister/policy/changes";
import { newSigner, newTenant, nowMs } from "./fixture.ts";

const { policy } = newTenant();
const tenantId = (byte: number) => parseTenantId(new Uint8Array(16).fill(byte));
const key = (byte: number) => new Uint8Array(32).fill(byte);
const shown = (byte: string) => `${byte.repeat(8)}…`;
const desk = (map: boolean) => ({ name: "desk", kemPublicKey: new Uint8Array(1216).fill(3), map });
const deskText = "desk (key d2bfe3d1cc9e621f…)";
const program = (byte: number) => ({
  measurement: new Uint8Array(48).fill(byte),
  configurationDigest: new Uint8Array(48).fill(byte + 1),
});
const production: Partial<Policy> = {
  kms: { custody: "byok", provider: "vault", keyRef: "transit/a" },
  hardware: { "aws-nitro": {} },
  simulatedRoots: [],
};
const levels = (level: number) => ({ bootloader: level, tee: level, snp: level, microcode: level });
const snp = (minimumTcb: NonNullable<NonNullable<Policy["hardware"]>["sev-snp"]>["minimumTcb"]) => ({
  "sev-snp": { minimumTcb },
});
const topic = { name: "trading", phrases: ["insider trading", "tips"], sentence: "Ask us." };
const period = (name: keyof Policy["periods"], periodMs: number, minimumDays = 0) => ({
  periods: { ...policy.periods, [name]: { periodMs, minimumDays } },
});
const onlyKeys = (...programs: Policy["measurements"]["keys"]) => ({
  measurements: { ...policy.measurements, keys: programs },
});

interface Case {
  /** What the policy is before and after. */
  readonly both?: Partial<Policy>;
  readonly from?: Partial<Policy>;
  readonly to: Partial<Policy>;
  readonly says: readonly (readonly [Effect, string])[];
}

/** For each field of a policy, a change of it and its sentences. */
const cases: { readonly [Field in keyof Required<Policy>]: readonly Case[] } = {
  version: [{ to: { version: 4 }, says: [["changes", "It is version 4 instead of 3."]] }],
  tenantId: [
    {
      from: { tenantId: tenantId(1) },
      to: { tenantId: tenantId(2) },
      says: [["weakens", `It is the policy of another tenant: ${shown("02")} instead of ${shown("01")}.`]],
    },
  ],
  roots: [
    {
      from: { roots: [key(1)] },
      to: { roots: [key(1), key(2)] },
      says: [["weakens", `The root key ${shown("02")} may sign policies.`]],
    },
    {
      from: { roots: [key(1), key(2)] },
      to: { roots: [key(2)] },
      says: [["changes", `The root key ${shown("01")} is no longer in the tenant's history.`]],
    },
    {
      from: { roots: [key(1), key(2)] },
      to: { roots: [key(2), key(1)] },
      says: [["weakens", "The tenant's root keys follow each other in another order."]],
    },
  ],
  notBeforeMs: [
    {
      from: { notBeforeMs: nowMs },
      to: { notBeforeMs: nowMs + 1_000 },
      says: [["changes", "It begins on 2026-11-22T12:34:57.000Z instead of 2026-11-22T12:34:56.000Z."]],
    },
  ],
  expiresAtMs: [
    {
      from: { expiresAtMs: nowMs + 1_000 },
      to: { expiresAtMs: nowMs + 2_000 },
      says: [["changes", "It is valid until 2026-11-22T12:34:58.000Z instead of 2026-11-22T12:34:57.000Z."]],
    },
  ],
  preset: [
    {
      from: { preset: "standard" },
      to: { preset: "cybersecurity" },
      says: [
        ["changes", "Its preset is cybersecurity instead of standard."],
        ["strengthens", "A deployment must have: sealed vectors."],
      ],
    },
    {
      from: { preset: "legal" },
      to: { preset: "standard" },
      says: [
        ["changes", "Its preset is standard instead of legal."],
        [
          "weakens",
          "A deployment need no longer have: a region that hardware proves, witnesses of the log, sealed vectors.",
        ],
        ["weakens", "The operator may run the key service; the tenant need not."],
      ],
    },
    {
      from: { preset: "finance" },
      to: { preset: "legal" },
      says: [
        ["changes", "Its preset is legal instead of finance."],
        ["strengthens", "The tenant itself must run the key service."],
      ],
    },
  ],
  development: [
    {
      both: production,
      from: { development: false },
      to: { development: true },
      says: [
        [
          "weakens",
          "It is for development only: what a preset requires may be missing, and evidence may be simulated.",
        ],
      ],
    },
    {
      both: production,
      from: { development: true },
      to: { development: false },
      says: [["strengthens", "It is for production: what its preset requires must be there."]],
    },
  ],
  periods: [
    {
      from: period("log", 30 * DAY_MS),
      to: period("log", 7 * DAY_MS),
      says: [["strengthens", "Earlier turns of conversations will be kept 7 days instead of 30 days."]],
    },
    {
      from: period("flow", DAY_MS),
      to: period("flow", 36 * HOUR_MS),
      says: [["weakens", "Messages on their way will be kept 36 hours instead of 1 day."]],
    },
    {
      from: period("map", DAY_MS),
      to: period("map", 2 * DAY_MS),
      says: [["weakens", "The names behind placeholders will be kept 2 days instead of 1 day."]],
    },
    {
      from: period("vector", HOUR_MS),
      to: period("vector", DAY_MS),
      says: [["weakens", "Passages to search in will be kept 1 day instead of 1 hour."]],
    },
    {
      from: period("mailbox", DAY_MS),
      to: period("mailbox", 2 * DAY_MS),
      says: [["weakens", "Replies that wait for their readers will be kept 2 days instead of 1 day."]],
    },
    {
      from: period("audit", 2 * DAY_MS),
      to: period("audit", DAY_MS),
      says: [["weakens", "The record of what was destroyed will be kept 1 day instead of 2 days."]],
    },
    {
      from: period("audit", DAY_MS),
      to: period("audit", 2 * DAY_MS),
      says: [["changes", "The record of what was destroyed will be kept 2 days instead of 1 day."]],
    },
    {
      from: period("log", 9 * DAY_MS),
      to: period("log", 9 * DAY_MS, 1),
      says: [["weakens", "Earlier turns of conversations may not be erased before 1 day."]],
    },
    {
      from: period("log", 9 * DAY_MS, 2),
      to: period("log", 9 * DAY_MS, 5),
      says: [["weakens", "Earlier turns of conversations may not be erased before 5 days instead of 2."]],
    },
    {
      from: period("log", 9 * DAY_MS, 5),
      to: period("log", 9 * DAY_MS, 2),
      says: [["strengthens", "Earlier turns of conversations may not be erased before 2 days instead of 5."]],
    },
    {
      from: period("log", 9 * DAY_MS, 5),
      to: period("log", 9 * DAY_MS),
      says: [["strengthens", "Earlier turns of conversations may be erased at any time."]],
    },
  ],
  history: [
    {
      from: { history: false },
      to: { history: true },
      says: [["weakens", "A model is given the earlier turns of a conversation."]],
    },
    {
      from: { history: true },
      to: { history: false },
      says: [["strengthens", "A model is no longer given the earlier turns of a conversation."]],
    },
  ],
  memory: [
    {
      from: { memory: false },
      to: { memory: true },
      says: [["weakens", "A model is given passages of the person's other conversations."]],
    },
    {
      from: { memory: true },
      to: { memory: false },
      says: [["strengthens", "A model is no longer given passages of the person's other conversations."]],
    },
  ],
  // No policy can allow it, so no policy can change it.
  training: [],
  redact: [
    {
      from: { redact: ["PERSON"] },
      to: { redact: ["PERSON", "URL"] },
      says: [["strengthens", "Placeholders will stand for: URL."]],
    },
    {
      from: { redact: ["PERSON", "URL"] },
      to: { redact: ["PERSON"] },
      says: [["weakens", "No placeholder will stand for: URL."]],
    },
    {
      from: { redact: ["PERSON", "URL", "PIN"] },
      to: { redact: ["AGE", "PERSON"] },
      says: [
        ["strengthens", "Placeholders will stand for: AGE."],
        ["weakens", "No placeholder will stand for: URL, PIN."],
      ],
    },
  ],
  block: [
    {
      from: { block: [] },
      to: { block: ["PIN"] },
      says: [["strengthens", "Messages will be refused that hold: PIN."]],
    },
    {
      from: { block: ["PIN"] },
      to: { block: [] },
      says: [["weakens", "Messages will no longer be refused that hold: PIN."]],
    },
    {
      from: { block: ["US_SSN"] },
      to: { block: ["PIN", "AGE"] },
      says: [
        ["strengthens", "Messages will be refused that hold: PIN, AGE."],
        ["weakens", "Messages will no longer be refused that hold: US_SSN."],
      ],
    },
  ],
  forbiddenTopics: [
    {
      from: { forbiddenTopics: [topic, { ...topic, name: "tax" }] },
      to: {
        forbiddenTopics: [
          { ...topic, phrases: [...topic.phrases, "hints"] },
          { ...topic, name: "tax" },
        ],
      },
      says: [["strengthens", 'Messages about trading will be known by "hints", too.']],
    },
    {
      from: { forbiddenTopics: [topic] },
      to: { forbiddenTopics: [{ ...topic, phrases: ["tips"] }] },
      says: [["weakens", 'Messages about trading will no longer be known by "insider trading".']],
    },
    {
      from: { forbiddenTopics: [] },
      to: { forbiddenTopics: [topic] },
      says: [["strengthens", 'Messages about trading will be refused: "insider trading", "tips".']],
    },
    {
      from: { forbiddenTopics: [topic] },
      to: { forbiddenTopics: [] },
      says: [["weakens", "Messages about trading will no longer be refused."]],
    },
    {
      from: { forbiddenTopics: [topic] },
      to: { forbiddenTopics: [{ ...topic, phrases: ["insider trading", "hints"], sentence: "No." }] },
      says: [
        ["strengthens", 'Messages about trading will be known by "hints", too.'],
        ["weakens", 'Messages about trading will no longer be known by "tips".'],
        ["changes", 'Messages about trading will be refused with: "No."'],
      ],
    },
  ],
  redaction: [
    {
      to: { redaction: { depth: "deep" } },
      says: [["strengthens", "Names will be looked for by a transformer, too."]],
    },
    {
      from: { redaction: { depth: "deep" } },
      to: { redaction: { depth: "standard" } },
      says: [["weakens", "Names will no longer be looked for by a transformer."]],
    },
    {
      to: { redaction: { threshold: 0.6 } },
      says: [["weakens", "Finds will count from a score of 0.6 instead of 0.5."]],
    },
    {
      from: { redaction: { threshold: 0.6, thresholds: { PERSON: 0.4 } } },
      to: { redaction: { threshold: 0.4, thresholds: { PERSON: 0.3, URL: 0.7 } } },
      says: [
        ["strengthens", "Finds will count from a score of 0.4 instead of 0.6."],
        ["strengthens", "Finds of PERSON will count from a score of 0.3 instead of 0.4."],
        ["weakens", "Finds of URL will count from a score of 0.7 instead of 0.6."],
      ],
    },
    {
      both: { redact: ["AGE", "URL", "PERSON", "US_SSN", "PIN"] },
      from: { redaction: { actions: { AGE: "generalize", URL: "mask", PERSON: "hash" } } },
      to: { redaction: { actions: { AGE: "placeholder", PERSON: "hash", US_SSN: "mask", PIN: "hash" } } },
      says: [
        ["strengthens", "In place of AGE a model will see a placeholder instead of something more general."],
        ["strengthens", "In place of URL a model will see a placeholder instead of a mask, which shows its form."],
        ["weakens", "In place of US_SSN a model will see a mask, which shows its form instead of a placeholder."],
        [
          "weakens",
          "In place of PIN a model will see a hash, by which the same value is known again instead of a placeholder.",
        ],
      ],
    },
    {
      from: { redaction: { patterns: [{ name: "BADGE", pattern: "B[0-9]+" }] } },
      to: { redaction: { patterns: [{ name: "BADGE", pattern: "B[0-9]{4}", score: 0.7 }] } },
      says: [
        ["strengthens", "What fits B[0-9]{4} will count as BADGE."],
        ["weakens", "What fits B[0-9]+ will no longer count as BADGE for that."],
      ],
    },
    {
      from: { redaction: { allow: ["Acme"], deny: [{ value: "Heron", type: "PROJECT" }] } },
      to: { redaction: { allow: ["Zeta"], deny: [{ value: "Egret", type: "PROJECT" }] } },
      says: [
        ["weakens", '"Zeta" will count as nobody\'s data.'],
        ["strengthens", '"Acme" will no longer count as nobody\'s data.'],
        ["strengthens", '"Egret" will always count as PROJECT.'],
        ["weakens", '"Heron" will no longer always count as PROJECT.'],
      ],
    },
    {
      from: {
        redaction: {
          hashed: { salt: new Uint8Array(16), allow: [entry("aa")], deny: [{ ...entry("aa"), type: "PERSON" }] },
        },
      },
      to: {
        redaction: {
          hashed: {
            salt: new Uint8Array(16).fill(1),
            allow: [entry("bb"), entry("cc")],
            deny: [{ ...entry("aa"), type: "CITY" }],
          },
        },
      },
      says: [
        ["changes", "The salt of values known by hash is another one; hashes of before no longer fit."],
        ["weakens", "2 values known by hash will count as nobody's data."],
        ["strengthens", "1 value known by hash will no longer count as nobody's data."],
        ["strengthens", "1 value known by hash will always count as personal data."],
        ["weakens", "1 value known by hash will no longer always count as personal data."],
      ],
    },
    {
      from: { redaction: { hashed: { salt: new Uint8Array(16), allow: [entry("aa")] } } },
      to: { redaction: {} },
      says: [["strengthens", "1 value known by hash will no longer count as nobody's data."]],
    },
    {
      to: { redaction: { hashed: { salt: new Uint8Array(16), deny: [{ ...entry("aa"), type: "PERSON" }] } } },
      says: [["strengthens", "1 value known by hash will always count as personal data."]],
    },
  ],
  releaseSigners: [
    {
      from: { releaseSigners: { redaction: [{ name: "team", publicKey: key(1) }] } },
      to: {
        releaseSigners: { redaction: [{ name: "team", publicKey: key(2) }], keys: [{ name: "hq", publicKey: key(1) }] },
      },
      says: [
        ["weakens", `Whatever hq (key ${shown("01")}) releases may run as the key service.`],
        ["weakens", `Whatever team (key ${shown("02")}) releases may run as redaction.`],
        ["strengthens", `What team (key ${shown("01")}) releases may no longer run as redaction.`],
      ],
    },
    {
      from: { releaseSigners: { embedding: [{ name: "team", publicKey: key(1) }] } },
      to: { releaseSigners: { embedding: [{ name: "hq", publicKey: key(1) }] } },
      says: [["changes", `team (key ${shown("01")}), who releases embedding, is called hq.`]],
    },
  ],
  withdrawn: [
    {
      from: {},
      to: { withdrawn: [new Uint8Array(48).fill(3)] },
      says: [["strengthens", `The program ${shown("03")} is withdrawn: it may run as nothing.`]],
    },
    {
      from: { withdrawn: [new Uint8Array(48).fill(3)] },
      to: {},
      says: [["weakens", `The program ${shown("03")} is no longer withdrawn.`]],
    },
  ],
  measurements: [
    {
      from: onlyKeys(program(1)),
      to: onlyKeys({ ...program(1), notBeforeMs: Date.UTC(2027, 0), notAfterMs: Date.UTC(2027, 1) }),
      says: [
        [
          "weakens",
          `Another program may run as the key service: measurement ${shown("01")}, configuration ${shown("02")}, from 2027-01-01T00:00:00.000Z, until 2027-02-01T00:00:00.000Z.`,
        ],
        [
          "strengthens",
          `A program may no longer run as the key service: measurement ${shown("01")}, configuration ${shown("02")}.`,
        ],
      ],
    },
    {
      from: onlyKeys(program(1)),
      to: onlyKeys(program(5)),
      says: [
        [
          "weakens",
          `Another program may run as the key service: measurement ${shown("05")}, configuration ${shown("06")}.`,
        ],
        [
          "strengthens",
          `A program may no longer run as the key service: measurement ${shown("01")}, configuration ${shown("02")}.`,
        ],
      ],
    },
    {
      from: { measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] } },
      to: {
        measurements: { keys: [], redaction: [program(1)], "enclave-inference": [program(1)], embedding: [program(1)] },
      },
      says: ["redaction", "inference", "embedding"].map(
        (role) =>
          [
            "weakens",
            `Another program may run as ${role}: measurement ${shown("01")}, configuration ${shown("02")}.`,
          ] as const,
      ),
    },
  ],
  hardware: [
    {
      from: {},
      to: { hardware: { "aws-nitro": {} } },
      says: [["weakens", "Evidence of AWS Nitro Enclaves counts, too."]],
    },
    {
      from: { hardware: { "aws-nitro": {}, "intel-tdx": {} } },
      to: { hardware: { "aws-nitro": { pcrs: { 8: new Uint8Array(48) } } } },
      says: [
        ["strengthens", "Evidence of Intel TDX no longer counts."],
        ["strengthens", "PCR8 of a Nitro enclave must have the value that it names."],
      ],
    },
    {
      from: { hardware: { "aws-nitro": { pcrs: { 8: new Uint8Array(48) } } } },
      to: { hardware: { "aws-nitro": {} } },
      says: [["weakens", "PCR8 of a Nitro enclave need no longer have the value it had to."]],
    },
    {
      from: { hardware: snp({ milan: levels(3), genoa: levels(10) }) },
      to: { hardware: snp({ milan: { ...levels(3), bootloader: 4, microcode: 1 }, turin: { ...levels(1), fmc: 1 } }) },
      says: [
        ["strengthens", "The lowest patch level of milan's bootloader is 4 instead of 3."],
        ["weakens", "The lowest patch level of milan's microcode is 1 instead of 3."],
        ["strengthens", "Processors of the line genoa no longer count."],
        ["weakens", "Processors of the line turin count, too."],
      ],
    },
    {
      from: { hardware: snp({ milan: levels(3) }) },
      to: { hardware: { "sev-snp": { minimumTcb: { milan: levels(3) }, hostData: [key(1)] } } },
      says: [
        ["weakens", `A host may give a guest of SEV-SNP the data ${shown("01")}.`],
        ["strengthens", `A host may no longer give a guest of SEV-SNP the data ${shown("00")}.`],
      ],
    },
    {
      from: { hardware: snp({ milan: levels(3) }) },
      to: { hardware: { "sev-snp": { minimumTcb: { milan: levels(3) }, revocationList: "required" } } },
      says: [["strengthens", "Evidence of SEV-SNP must bring AMD's list of revoked authorities along."]],
    },
    {
      from: { hardware: { "sev-snp": { minimumTcb: { milan: levels(3) }, revocationList: "required" } } },
      to: { hardware: snp({ milan: levels(3) }) },
      says: [["weakens", "Evidence of SEV-SNP need no longer bring AMD's list of revoked authorities along."]],
    },
    {
      from: { hardware: { "intel-tdx": { minimumTcbEvaluationDataNumber: 18 } } },
      to: { hardware: { "intel-tdx": { acceptedResults: ["SW_HARDENING_NEEDED"] } } },
      says: [
        ["weakens", "Machines with TDX count with the status SW_HARDENING_NEEDED, too."],
        ["strengthens", "Machines with TDX no longer count with the status OK."],
        ["weakens", "The lowest patch level of Intel's evaluation data is 0 instead of 18."],
      ],
    },
    {
      from: { hardware: { maximumEvidenceAgeMs: 60_000 } },
      to: { hardware: { maximumEvidenceAgeMs: 120_000 } },
      says: [["weakens", "Evidence counts for 120 seconds."]],
    },
    {
      from: { hardware: {} },
      to: { hardware: { maximumEvidenceAgeMs: 60_000 } },
      says: [["strengthens", "Evidence counts for 60 seconds."]],
    },
    {
      from: { hardware: { maximumEvidenceAgeMs: 60_000 } },
      to: { hardware: {} },
      says: [["weakens", "Evidence may have any age within its life."]],
    },
    {
      from: { hardware: { machines: { "eu-central-1": ["11".repeat(64)] } } },
      to: { hardware: { machines: { "eu-central-1": ["22".repeat(64)] } } },
      says: [
        ["weakens", `The tenant's word counts as proof that the machine ${"22".repeat(8)}… stands in eu-central-1.`],
        ["strengthens", `Nothing says any more that the machine ${"11".repeat(8)}… stands in eu-central-1.`],
      ],
    },
    {
      from: { hardware: {} },
      to: { hardware: { gpuIssuer: "https://nras.attestation.nvidia.com" } },
      says: [["weakens", "Claims about GPUs count by the word of https://nras.attestation.nvidia.com."]],
    },
    {
      from: { hardware: { gpuIssuer: "https://nras.attestation.nvidia.com" } },
      to: { hardware: {} },
      says: [["changes", "Nobody's claims about GPUs count."]],
    },
  ],
  simulatedRoots: [
    {
      from: { simulatedRoots: [new Uint8Array(33).fill(1)] },
      to: { simulatedRoots: [new Uint8Array(33).fill(2)] },
      says: [
        ["weakens", `Evidence that the key ${shown("02")} simulates is believed.`],
        ["strengthens", `Evidence that the key ${shown("01")} simulates is no longer believed.`],
      ],
    },
  ],
  admissionIssuers: [
    {
      from: {
        admissionIssuers: [
          { name: "app", publicKey: key(1) },
          { name: "kiosk", publicKey: key(3) },
        ],
      },
      to: {
        admissionIssuers: [
          { name: "app", publicKey: key(2) },
          { name: "hall", publicKey: key(3) },
        ],
      },
      says: [
        ["weakens", `Whom app (key ${shown("02")}) admits is let in.`],
        ["strengthens", `Whom app (key ${shown("01")}) admits is no longer let in.`],
        ["changes", `kiosk (key ${shown("03")}) is called hall.`],
      ],
    },
  ],
  recipients: [
    {
      to: { recipients: [desk(true)] },
      says: [["weakens", `${deskText} may read replies from now on, with names.`]],
    },
    {
      to: { recipients: [desk(false)] },
      says: [["weakens", `${deskText} may read replies from now on, with placeholders for names.`]],
    },
    {
      from: { recipients: [desk(true)] },
      to: { recipients: [] },
      says: [["strengthens", `${deskText} may no longer read replies.`]],
    },
    {
      from: { recipients: [desk(false)] },
      to: { recipients: [{ ...desk(true), name: "board" }] },
      says: [
        ["changes", `${deskText} is called board.`],
        ["weakens", "board (key d2bfe3d1cc9e621f…) may see the names behind placeholders."],
      ],
    },
    {
      from: { recipients: [desk(true)] },
      to: { recipients: [desk(false)] },
      says: [["strengthens", `${deskText} may no longer see the names behind placeholders.`]],
    },
  ],
  delegates: [
    {
      to: {
        delegates: (["export", "hold", "release", "device", "knowledge-base-import", "destroy-kek"] as const).map(
          (verb) => ({
            verb,
            publicKey: key(1),
          }),
        ),
      },
      says: [
        "export conversations to a recipient",
        "stop things from being erased",
        "end such a stop",
        "add devices that read",
        "change what models are told",
        "have the tenant's KEK destroyed, and all that it wraps",
      ].map((words) => ["weakens", `The key ${shown("01")} may ${words}.`] as const),
    },
    {
      from: { delegates: [{ verb: "hold", publicKey: key(1) }] },
      to: { delegates: [] },
      says: [["strengthens", `No longer: the key ${shown("01")} may stop things from being erased.`]],
    },
  ],
  kms: [
    {
      from: { kms: { custody: "byok", provider: "vault", keyRef: "a" } },
      to: { kms: { custody: "hyok", provider: "vault", keyRef: "a" } },
      says: [["strengthens", "The tenant itself will run the key service, instead of the operator."]],
    },
    {
      from: { kms: { custody: "byok", provider: "vault", keyRef: "a" } },
      to: { kms: { custody: "byok", provider: "aws-kms", keyRef: "b" } },
      says: [["weakens", "Keys will be wrapped by aws-kms b instead of vault a."]],
    },
    {
      from: { kms: { custody: "byok", provider: "local", keyRef: "" } },
      to: { kms: { custody: "hyok", provider: "vault", keyRef: "transit/a" } },
      says: [
        ["strengthens", "The tenant itself will run the key service, instead of the operator."],
        ["strengthens", "Keys will be wrapped by vault transit/a instead of a file of the machine."],
      ],
    },
    {
      from: { kms: { custody: "hyok", provider: "vault", keyRef: "transit/a" } },
      to: { kms: { custody: "byok", provider: "vault", keyRef: "transit/b" } },
      says: [
        ["weakens", "The operator will run the key service, instead of the tenant."],
        ["weakens", "Keys will be wrapped by vault transit/b instead of vault transit/a."],
      ],
    },
    {
      from: { kms: { custody: "hyok", provider: "pkcs11", keyRef: "" } },
      to: { kms: { custody: "hyok", provider: "local", keyRef: "" } },
      says: [["weakens", "Keys will be wrapped by a file of the machine instead of pkcs11."]],
    },
  ],
  kmsTrust: [
    {
      from: {},
      to: { kmsTrust: "credential" },
      says: [["weakens", "The KMS may be asked with a credential that the operator can use beside the key service."]],
    },
    {
      from: { kmsTrust: "credential" },
      to: {},
      says: [["strengthens", "The KMS is no longer asked with a credential that the operator can use."]],
    },
  ],
  residency: [
    {
      from: { residency: { regions: ["eu"], attested: true } },
      to: { residency: { regions: ["eu", "us"], attested: true } },
      says: [["weakens", "Messages may be processed in us, too."]],
    },
    {
      from: { residency: { regions: ["eu", "us"], attested: true } },
      to: { residency: { regions: ["eu"], attested: true } },
      says: [["strengthens", "Messages may no longer be processed in us."]],
    },
    {
      from: { residency: { regions: ["eu"], attested: false } },
      to: { residency: { regions: ["eu"], attested: true } },
      says: [["strengthens", "Hardware must prove the region."]],
    },
    {
      from: { residency: { regions: [], attested: false } },
      to: { residency: { regions: ["eu", "us"], attested: true } },
      says: [
        ["strengthens", "Messages may be processed only in: eu, us."],
        ["strengthens", "Hardware must prove the region."],
      ],
    },
    {
      from: { residency: { regions: ["eu"], attested: true } },
      to: { residency: { regions: [], attested: false } },
      says: [
        ["weakens", "Messages may be processed in every region."],
        ["weakens", "The region need not be proved by hardware; the operator's word will do."],
      ],
    },
    {
      from: { residency: { regions: ["eu", "us", "uk"], attested: true } },
      to: { residency: { regions: ["eu", "ch", "no"], attested: true } },
      says: [
        ["weakens", "Messages may be processed in ch, no, too."],
        ["strengthens", "Messages may no longer be processed in us, uk."],
      ],
    },
  ],
  witnesses: [
    {
      from: { witnesses: [{ name: "one", publicKey: key(1) }] },
      to: { witnesses: [{ name: "one", publicKey: key(2) }] },
      says: [
        ["strengthens", `one (key ${shown("02")}) must witness the log.`],
        ["weakens", `one (key ${shown("01")}) need no longer witness the log.`],
      ],
    },
  ],
  vectors: [
    {
      from: { vectors: "none" },
      to: { vectors: "sealed" },
      says: [["weakens", "Passages and vectors will be kept sealed instead of not kept."]],
    },
    {
      from: { vectors: "protected" },
      to: { vectors: "sealed" },
      says: [
        [
          "strengthens",
          "Passages and vectors will be kept sealed instead of kept in a form that shows which texts are alike, and outlives their keys.",
        ],
      ],
    },
  ],
  modelLocality: [
    {
      from: { modelLocality: "enclave" },
      to: { modelLocality: "enclave-attested-gpu" },
      says: [["strengthens", "A model must run on an attested GPU."]],
    },
    {
      from: { modelLocality: "enclave-attested-gpu" },
      to: { modelLocality: "enclave" },
      says: [["weakens", "A model may run in the attested service without an attested GPU."]],
    },
  ],
  liveBeatMs: [
    {
      to: { liveBeatMs: 0 },
      says: [
        ["changes", "Answers will be shown once they are whole instead of as they come, a sealed cell every 50 ms."],
      ],
    },
    {
      to: { liveBeatMs: 50 },
      says: [["changes", "Answers will be shown as before, as they come, a sealed cell every 50 ms."]],
    },
  ],
};

function entry(byte: string) {
  return { words: 1, hash: byte.repeat(32) };
}

const flat = Object.entries(cases).flatMap(([field, of]) => of.map((one, n) => ({ field, n: n + 1, ...one })));

describe("what a policy changes", () => {
  it("can be said of every field that a policy has", () => {
    expect([...explainedFields].sort()).toEqual([...policyFieldNames].sort());
  });

  it("is tried here of every field that can change", () => {
    const tried = new Set(flat.map(({ field }) => field));
    expect(policyFieldNames.filter((field) => !tried.has(field))).toEqual(["training"]);
  });

  it.each(flat)("is said of $field ($n)", ({ field, both = {}, from = {}, to, says }) => {
    const found = policyChanges({ ...policy, ...both, ...from }, { ...policy, ...both, ...to });
    expect(found).toEqual(says.map(([effect, sentence]) => ({ field, effect, sentence })));
  });

  it("is nothing between a policy and itself", () => {
    expect(policyChanges(policy, { ...policy })).toEqual([]);
  });

  it("is nothing when lists are in another order", () => {
    const lists = {
      redact: ["PERSON", "URL"],
      recipients: [desk(true), { ...desk(true), name: "two", kemPublicKey: new Uint8Array(1216) }],
    };
    const reversed = { redact: lists.redact.toReversed(), recipients: lists.recipients.toReversed() };
    expect(policyChanges({ ...policy, ...lists }, { ...policy, ...reversed })).toEqual([]);
  });

  it("begins with who may read, whatever else changes", () => {
    const fields = policyChanges(policy, { ...policy, memory: false, recipients: [desk(true)] }).map(
      ({ field }) => field,
    );
    expect(fields).toEqual(["recipients", "memory"]);
  });

  it("takes two keys that begin alike for two keys", () => {
    const [one, two] = [key(1), key(1)];
    two[31] = 9;
    const issuer = (publicKey: Uint8Array) => ({ admissionIssuers: [{ name: "app", publicKey }] });
    expect(policyChanges({ ...policy, ...issuer(one) }, { ...policy, ...issuer(two) })).toHaveLength(2);
  });

  it("counts as weaker where no sentence explains it", () => {
    const twice = { redact: ["PERSON", "PERSON"] };
    expect(policyChanges({ ...policy, redact: ["PERSON"] }, { ...policy, ...twice })).toEqual([
      {
        field: "redact",
        effect: "weakens",
        sentence: `"redact" is written in another way, which no sentence explains: compare the policies' JSON.`,
      },
    ]);
  });

  it("never says a key in full, nor anything that is secret", () => {
    const { publicKey } = newSigner();
    const sentences = policyChanges(policy, { ...policy, roots: [publicKey] })
      .map(({ sentence }) => sentence)
      .join();
    expect(sentences).not.toContain(Buffer.from(publicKey).toString("hex"));
  });
});

describe("a time in words", () => {
  it.each([
    [HOUR_MS, "1 hour"],
    [90 * 60_000, "1.5 hours"],
    [100 * 60_000, "1.67 hours"],
    [DAY_MS, "1 day"],
    [25 * HOUR_MS, "25 hours"],
    [30 * DAY_MS, "30 days"],
  ])("of %d ms is %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
