import { Purpose as WirePurpose } from "@cloister/contracts/keys/release";
import type { AttestedRole } from "@cloister/attestation";
import { PolicyError } from "./errors.ts";

/** What a key may be used for. */
export const purposes = ["inbound", "flow", "map", "log", "vector"] as const;
export type Purpose = (typeof purposes)[number];

/** What is kept for the same time. `mailbox` and `audit` have no keys. */
export const retentionClasses = ["flow", "map", "log", "vector", "mailbox", "audit"] as const;
export type RetentionClass = (typeof retentionClasses)[number];

export type Access = "r" | "w" | "rw";

export type ServiceRole = AttestedRole | "ingest" | "retention";

/** The one table of who may be given which key. What isn't listed is refused. */
export const purposesOfRole: Readonly<Record<ServiceRole, Readonly<Partial<Record<Purpose, Access>>>>> = {
  ingest: {},
  redaction: { inbound: "r", flow: "w", map: "rw" },
  "enclave-inference": { flow: "r", log: "rw", vector: "r" },
  embedding: { flow: "r", vector: "rw" },
  retention: {},
  keys: { inbound: "rw", flow: "rw", map: "rw", log: "rw", vector: "rw" },
};

const classes: Readonly<Record<Purpose, Exclude<RetentionClass, "mailbox" | "audit">>> = {
  inbound: "flow",
  flow: "flow",
  map: "map",
  log: "log",
  vector: "vector",
};

export function classOfPurpose(purpose: Purpose): Exclude<RetentionClass, "mailbox" | "audit"> {
  return classes[purpose];
}

/**
 * The access a role has to keys of a purpose. Keys are symmetric, so "w" is a promise of the measured code, kept by its
 * key handles.
 * @throws PolicyError PURPOSE_NOT_ALLOWED if it has none.
 */
export function accessOf(role: ServiceRole, purpose: Purpose): Access {
  const access = purposesOfRole[role][purpose];
  if (access === undefined) {
    throw new PolicyError("PURPOSE_NOT_ALLOWED", `The role ${role} may not be given keys for ${purpose}.`);
  }
  return access;
}

const wire: Readonly<Record<Purpose, WirePurpose>> = {
  inbound: WirePurpose.INBOUND,
  flow: WirePurpose.FLOW,
  map: WirePurpose.MAP,
  log: WirePurpose.LOG,
  vector: WirePurpose.VECTOR,
};

export function purposeToWire(purpose: Purpose): WirePurpose {
  return wire[purpose];
}

/** @throws PolicyError PURPOSE_NOT_ALLOWED for an unspecified or unknown value. */
export function purposeFromWire(value: WirePurpose): Purpose {
  const purpose = purposes.find((candidate) => wire[candidate] === value);
  if (purpose === undefined) throw new PolicyError("PURPOSE_NOT_ALLOWED", "A request names no known key purpose.");
  return purpose;
}
