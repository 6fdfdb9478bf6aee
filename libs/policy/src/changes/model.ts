import type { Policy } from "../policy.ts";
import { changes, compareLists, itself, strengthens, weakens, type Said } from "./change.ts";

export function history(_before: boolean, after: boolean): Said[] {
  return after
    ? [weakens("A model is given the earlier turns of a conversation.")]
    : [strengthens("A model is no longer given the earlier turns of a conversation.")];
}

export function memory(_before: boolean, after: boolean): Said[] {
  return after
    ? [weakens("A model is given passages of the person's other conversations.")]
    : [strengthens("A model is no longer given passages of the person's other conversations.")];
}

export function redact(before: readonly string[], after: readonly string[]): Said[] {
  const { added, removed } = compareLists(before, after, itself);
  return [
    ...(added.length > 0 ? [strengthens(`Placeholders will stand for: ${added.join(", ")}.`)] : []),
    ...(removed.length > 0 ? [weakens(`No placeholder will stand for: ${removed.join(", ")}.`)] : []),
  ];
}

export function block(before: readonly string[], after: readonly string[]): Said[] {
  const { added, removed } = compareLists(before, after, itself);
  return [
    ...(added.length > 0 ? [strengthens(`Messages will be refused that hold: ${added.join(", ")}.`)] : []),
    ...(removed.length > 0 ? [weakens(`Messages will no longer be refused that hold: ${removed.join(", ")}.`)] : []),
  ];
}

type Topic = Policy["forbiddenTopics"][number];

export function forbiddenTopics(before: readonly Topic[], after: readonly Topic[]): Said[] {
  const { added, removed, kept } = compareLists(before, after, ({ name }) => name);
  return [
    ...added.map(({ name, phrases }) => strengthens(`Messages about ${name} will be refused: ${quoted(phrases)}.`)),
    ...removed.map(({ name }) => weakens(`Messages about ${name} will no longer be refused.`)),
    ...kept.flatMap(([was, is]) => topic(was, is)),
  ];
}

function topic(was: Topic, is: Topic): Said[] {
  const { added, removed } = compareLists(was.phrases, is.phrases, itself);
  return [
    ...(added.length > 0 ? [strengthens(`Messages about ${is.name} will be known by ${quoted(added)}, too.`)] : []),
    ...(removed.length > 0
      ? [weakens(`Messages about ${is.name} will no longer be known by ${quoted(removed)}.`)]
      : []),
    ...(was.sentence === is.sentence
      ? []
      : [changes(`Messages about ${is.name} will be refused with: "${is.sentence}"`)]),
  ];
}

function quoted(phrases: readonly string[]): string {
  return phrases.map((phrase) => `"${phrase}"`).join(", ");
}

export function modelLocality(_before: Policy["modelLocality"], after: Policy["modelLocality"]): Said[] {
  return after === "enclave"
    ? [weakens("A model may run in the attested service without an attested GPU.")]
    : [strengthens("A model must run on an attested GPU.")];
}

/** As `liveBeatMs` says where it is absent. */
const DEFAULT_BEAT_MS = 50;

export function liveBeat(before: number | undefined, after: number | undefined): Said[] {
  const [was, is] = [beatText(before), beatText(after)];
  return [
    changes(was === is ? `Answers will be shown as before, ${is}.` : `Answers will be shown ${is} instead of ${was}.`),
  ];
}

function beatText(beatMs = DEFAULT_BEAT_MS): string {
  return beatMs === 0 ? "once they are whole" : `as they come, a sealed cell every ${beatMs} ms`;
}
