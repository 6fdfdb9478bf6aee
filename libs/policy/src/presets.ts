import { DAY_MS } from "./buckets.ts";
import type { Policy, PresetName } from "./policy.ts";
import type { RetentionClass } from "./purposes.ts";
import { everyoneRedacts, healthRecords } from "./redacted-entities.ts";

/** What a preset decides; a policy may override each but `custodies` and `requires`. */
export interface Preset {
  /** How far such users depend on it. Every message is end-to-end encrypted; what is proved of that grows with the need. */
  readonly endToEndEncryption: "mandatory" | "recommended" | "standard";
  readonly periods: Policy["periods"];
  readonly history: boolean;
  readonly memory: boolean;
  readonly redact: readonly string[];
  /** Kinds of personal data that refuse a message: what this preset's guarantees are too weak for. */
  readonly block: readonly string[];
  readonly vectors: Policy["vectors"];
  readonly modelLocality: Policy["modelLocality"];
  /** Who may run the service that unwraps keys: with `hyok` alone, the tenant itself. */
  readonly custodies: readonly Policy["kms"]["custody"][];
  /** The guarantees that a policy of this preset has to have, unless it is marked `development`. */
  readonly requires: readonly Guarantee[];
}

/** What a deployment can or can't prove. */
export const guarantees = ["hardwareEvidence", "attestedRegion", "witnesses", "externalKms", "sealedVectors"] as const;
export type Guarantee = (typeof guarantees)[number];

const regulated: readonly Guarantee[] = [
  "hardwareEvidence",
  "attestedRegion",
  "witnesses",
  "externalKms",
  "sealedVectors",
];

export const presets: Readonly<Record<PresetName, Preset>> = {
  healthcare: {
    endToEndEncryption: "mandatory",
    periods: periodsInDays({ flow: 1, map: 30, log: 30, vector: 30, mailbox: 7, audit: 2192 }),
    history: true,
    memory: false,
    redact: [...everyoneRedacts, "DATE_TIME", "AGE"],
    block: [],
    vectors: "sealed",
    modelLocality: "enclave",
    custodies: ["byok", "hyok"],
    requires: regulated,
  },
  finance: {
    endToEndEncryption: "mandatory",
    periods: periodsInDays({ flow: 2, map: 90, log: 90, vector: 60, mailbox: 14, audit: 2557 }),
    history: true,
    memory: false,
    redact: everyoneRedacts,
    block: [],
    vectors: "sealed",
    modelLocality: "enclave",
    custodies: ["byok", "hyok"],
    requires: regulated,
  },
  legal: {
    endToEndEncryption: "mandatory",
    periods: periodsInDays({ flow: 2, map: 180, log: 180, vector: 60, mailbox: 30, audit: 3653 }),
    history: true,
    memory: false,
    redact: [...everyoneRedacts, "ORGANIZATION"],
    block: [],
    vectors: "sealed",
    modelLocality: "enclave",
    custodies: ["hyok"],
    requires: regulated,
  },
  cybersecurity: {
    endToEndEncryption: "recommended",
    periods: periodsInDays({ flow: 1, map: 14, log: 14, vector: 14, mailbox: 7, audit: 731 }),
    history: true,
    memory: false,
    redact: everyoneRedacts,
    block: healthRecords,
    vectors: "sealed",
    modelLocality: "enclave",
    custodies: ["byok", "hyok"],
    requires: ["hardwareEvidence", "externalKms", "sealedVectors"],
  },
  standard: {
    endToEndEncryption: "standard",
    periods: periodsInDays({ flow: 7, map: 90, log: 90, vector: 60, mailbox: 30, audit: 366 }),
    history: true,
    memory: true,
    redact: everyoneRedacts,
    block: healthRecords,
    vectors: "sealed",
    modelLocality: "enclave",
    custodies: ["byok", "hyok"],
    requires: ["hardwareEvidence", "externalKms"],
  },
};

function periodsInDays(periodDays: Readonly<Record<RetentionClass, number>>): Policy["periods"] {
  const of = (kind: RetentionClass) => ({ periodMs: periodDays[kind] * DAY_MS, minimumDays: 0 });
  return {
    flow: of("flow"),
    map: of("map"),
    log: of("log"),
    vector: of("vector"),
    mailbox: of("mailbox"),
    audit: of("audit"),
  };
}
