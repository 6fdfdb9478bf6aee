import { policyToJson, type Policy } from "../policy.ts";
import * as authority from "./authority.ts";
import { weakens, type Said } from "./change.ts";
import * as custody from "./custody.ts";
import { hardware } from "./hardware.ts";
import * as model from "./model.ts";
import * as readers from "./readers.ts";
import { redaction } from "./redaction.ts";
import { periods } from "./retention.ts";

export interface PolicyChange extends Said {
  readonly field: keyof Policy;
}

type Fields = Required<Policy>;

/** What a field's change means, in sentences. Asked only when the field's JSON differs; a new field needs an entry. */
const explainers: { readonly [Field in keyof Fields]: (before: Policy[Field], after: Policy[Field]) => Said[] } = {
  tenantId: authority.tenant,
  version: authority.version,
  roots: authority.roots,
  notBeforeMs: authority.begin,
  expiresAtMs: authority.end,
  preset: authority.preset,
  development: authority.development,
  recipients: readers.recipients,
  admissionIssuers: readers.admissionIssuers,
  delegates: readers.delegates,
  periods,
  history: model.history,
  memory: model.memory,
  // There is no policy that allows it.
  training: () => [],
  redact: model.redact,
  block: model.block,
  forbiddenTopics: model.forbiddenTopics,
  redaction,
  modelLocality: model.modelLocality,
  liveBeatMs: model.liveBeat,
  residency: custody.residency,
  kms: custody.kms,
  kmsTrust: custody.kmsTrust,
  vectors: custody.vectors,
  witnesses: custody.witnesses,
  measurements: authority.measurements,
  releaseSigners: authority.releaseSigners,
  withdrawn: authority.withdrawn,
  hardware,
  simulatedRoots: authority.simulatedRoots,
};

/** The fields that can be explained: every field of a policy. */
export const explainedFields: readonly string[] = Object.keys(explainers);

/**
 * What another policy changes, in sentences for whoever answers for it, beginning with whose it is and who may read.
 * Empty for two that say the same, in whatever order their lists are.
 */
export function policyChanges(before: Policy, after: Policy): PolicyChange[] {
  const [was, is] = [policyToJson(before), policyToJson(after)];
  return fieldsInOrder().flatMap((field) => {
    if (JSON.stringify(was[field]) === JSON.stringify(is[field])) return [];
    const said = explain(field, before[field], after[field]);
    if (said.length > 0) return said.map((one) => ({ field, ...one }));
    return orderless(was[field]) === orderless(is[field]) ? [] : [{ field, ...unexplained(field) }];
  });
}

function fieldsInOrder(): (keyof Fields)[] {
  // The keys of an object literal are those of its type.
  return Object.keys(explainers) as (keyof Fields)[];
}

function explain<Field extends keyof Fields>(field: Field, was: Policy[Field], is: Policy[Field]): Said[] {
  return explainers[field](was, is);
}

/** What no sentence covers may do anything. */
function unexplained(field: string): Said {
  return weakens(`"${field}" is written in another way, which no sentence explains: compare the policies' JSON.`);
}

/** JSON in which the order of lists makes no difference. */
function orderless(value: unknown): string {
  return JSON.stringify(value, (_name, one: unknown) => (Array.isArray(one) ? one.map(orderless).sort() : one));
}
