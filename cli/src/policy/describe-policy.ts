import chalk from "chalk";
import { retentionClasses, type Policy, type RetentionClass } from "@cloister/policy";
import { durationText } from "@cloister/policy/changes";
import { tableLines } from "../table.ts";
import { hexOf, timeText } from "../terminal.ts";
import { hardwareSentences } from "./describe-hardware.ts";

const whatIsKept: Readonly<Record<RetentionClass, string>> = {
  flow: "messages on their way, sealed",
  map: "the names behind placeholders, sealed",
  log: "earlier turns that the model is given, sealed",
  vector: "passages and vectors to search in, sealed",
  mailbox: "replies that wait to be fetched, sealed to their readers",
  audit: "the record of what was destroyed",
};

export interface PolicyContext {
  readonly nowMs: number;
  /** By whom it is signed, in words. */
  readonly signature: string;
  /** What its preset requires and this policy or deployment doesn't give. */
  readonly missing: readonly string[];
}

/** A policy in the words of whoever answers for it: who may read, how long things live, what is missing. */
export function describePolicy(policy: Policy, context: PolicyContext): string[] {
  return [
    chalk.bold(`Policy ${policy.version} of tenant ${hexOf(policy.tenantId)}`),
    `Preset ${policy.preset}. ${life(policy, context.nowMs)}`,
    `Signed ${context.signature}: ${hexOf(policy.roots.at(-1) ?? new Uint8Array())}.`,
    ...section("Who may read", readers(policy)),
    ...section("Who is let in", admission(policy)),
    ...section("What a model gets to see", model(policy)),
    "",
    chalk.bold("How long each class is kept"),
    ...periods(policy),
    ...section("Where keys and data are", custody(policy)),
    ...section("What counts as proof of code", hardwareSentences(policy)),
    ...section(
      "Missing",
      context.missing.length === 0
        ? ["Nothing that the preset requires."]
        : context.missing.map((one) => chalk.yellow(one)),
    ),
  ];
}

function section(title: string, sentences: readonly string[]): string[] {
  return ["", chalk.bold(title), ...sentences.map((sentence) => `- ${sentence}`)];
}

function life({ notBeforeMs, expiresAtMs, development }: Policy, nowMs: number): string {
  const kind = development ? " For development only: production refuses it." : "";
  if (nowMs >= expiresAtMs) return `Expired on ${timeText(expiresAtMs)}.${kind}`;
  if (nowMs < notBeforeMs)
    return `Not yet in force: from ${timeText(notBeforeMs)} until ${timeText(expiresAtMs)}.${kind}`;
  return `Valid from ${timeText(notBeforeMs)} until ${timeText(expiresAtMs)}.${kind}`;
}

function readers({ recipients }: Policy): string[] {
  return [
    "The person who opened a conversation, with keys that never leave their device.",
    "Redaction, inside an attested service, reads what is typed; the model reads it without personal data.",
    ...(recipients.length === 0 ? ["Nobody else, the operator included."] : []),
    ...recipients.map(
      ({ name, map }) =>
        `${name} reads replies, ${map ? "with the names behind placeholders" : "with placeholders for names"}.`,
    ),
  ];
}

function admission({ admissionIssuers }: Policy): string[] {
  if (admissionIssuers.length === 0) return ["Nobody: no issuer of admissions is named."];
  return admissionIssuers.map(({ name, publicKey }) => `Whom ${name} admits (${hexOf(publicKey)}).`);
}

function model({ redact, block, forbiddenTopics, history, memory, modelLocality, liveBeatMs = 50 }: Policy): string[] {
  const where =
    modelLocality === "enclave" ? "inside the attested service" : "inside the attested service, with an attested GPU";
  return [
    `Placeholders instead of: ${redact.join(", ")}.`,
    ...(block.length === 0 ? [] : [`Never, since they refuse a message: ${block.join(", ")}.`]),
    ...forbiddenTopics.map(({ name, sentence }) => `Never, since the topic ${name} is refused: "${sentence}"`),
    `Earlier turns of the conversation: ${yesNo(history)}. Other conversations of the same person: ${yesNo(memory)}.`,
    `It runs ${where}. Nothing is ever trained on messages.`,
    liveBeatMs === 0
      ? "Answers are shown once they are whole."
      : `Answers are shown as they come: a sealed cell of one size every ${liveBeatMs} ms.`,
  ];
}

function periods({ periods: kept }: Policy): string[] {
  const rows = retentionClasses.map((name) => {
    const { periodMs, minimumDays } = kept[name];
    return [name, whatIsKept[name], durationText(periodMs), minimumDays === 0 ? "" : `${minimumDays} days`];
  });
  return tableLines(["class", "what", "kept", "not erased before"], rows);
}

const whatOfVectors: Readonly<Record<Policy["vectors"], string>> = {
  none: "Vectors: none; no knowledge base is kept.",
  sealed: "Vectors: sealed, and searched inside the attested service.",
  protected:
    "Vectors: sealed; those of knowledge bases also in a store, where the system has one, that sees roughly which texts are alike.",
};

function custody({ kms, kmsTrust, residency, vectors, witnesses }: Policy): string[] {
  const held = kms.custody === "hyok" ? "The tenant runs the key service itself" : "The operator runs the key service";
  const regions = residency.regions.join(", ");
  return [
    `${held}; keys are wrapped by ${kms.provider === "local" ? "a file of this machine" : `${kms.provider} ${kms.keyRef}`}.`,
    ...(kmsTrust === "credential" ? ["The KMS trusts a credential, which the operator can use, too."] : []),
    residency.regions.length === 0
      ? "No region is required."
      : `Only in ${regions}, ${residency.attested ? "proved by hardware" : "as the operator states it"}.`,
    whatOfVectors[vectors],
    `Witnesses of the log: ${witnesses.length === 0 ? "none" : witnesses.map(({ name }) => name).join(", ")}.`,
  ];
}

const yesNo = (is: boolean): string => (is ? "yes" : "no");
