import { bytesToHex } from "@noble/hashes/utils.js";
import type { Policy } from "../policy.ts";
import { compareLists, itself, shortHex, strengthens, weakens, type Said } from "./change.ts";

export function kms(before: Policy["kms"], after: Policy["kms"]): Said[] {
  return [...custody(before.custody, after.custody), ...provider(before, after)];
}

function custody(was: Policy["kms"]["custody"], is: Policy["kms"]["custody"]): Said[] {
  if (was === is) return [];
  return is === "hyok"
    ? [strengthens("The tenant itself will run the key service, instead of the operator.")]
    : [weakens("The operator will run the key service, instead of the tenant.")];
}

function provider(before: Policy["kms"], after: Policy["kms"]): Said[] {
  const [was, is] = [wrapperText(before), wrapperText(after)];
  if (was === is) return [];
  const sentence = `Keys will be wrapped by ${is} instead of ${was}.`;
  const leavesFile = before.provider === "local" && after.provider !== "local";
  return [leavesFile ? strengthens(sentence) : weakens(sentence)];
}

export function kmsTrust(_: Policy["kmsTrust"], after: Policy["kmsTrust"]): Said[] {
  return after === "credential"
    ? [weakens("The KMS may be asked with a credential that the operator can use beside the key service.")]
    : [strengthens("The KMS is no longer asked with a credential that the operator can use.")];
}

function wrapperText({ provider: name, keyRef }: Policy["kms"]): string {
  return name === "local" ? "a file of the machine" : `${name} ${keyRef}`.trim();
}

export function residency(before: Policy["residency"], after: Policy["residency"]): Said[] {
  return [...regions(before.regions, after.regions), ...proof(before, after)];
}

function regions(before: readonly string[], after: readonly string[]): Said[] {
  const { added, removed } = compareLists(before, after, itself);
  if (added.length + removed.length === 0) return [];
  if (after.length === 0) return [weakens("Messages may be processed in every region.")];
  const named = after.join(", ");
  if (before.length === 0) return [strengthens(`Messages may be processed only in: ${named}.`)];
  return [
    ...(added.length > 0 ? [weakens(`Messages may be processed in ${added.join(", ")}, too.`)] : []),
    ...(removed.length > 0 ? [strengthens(`Messages may no longer be processed in ${removed.join(", ")}.`)] : []),
  ];
}

function proof({ attested: was }: Policy["residency"], { attested: is }: Policy["residency"]): Said[] {
  if (was === is) return [];
  return is
    ? [strengthens("Hardware must prove the region.")]
    : [weakens("The region need not be proved by hardware; the operator's word will do.")];
}

type Witness = Policy["witnesses"][number];

export function witnesses(before: readonly Witness[], after: readonly Witness[]): Said[] {
  const { added, removed } = compareLists(before, after, ({ name, publicKey }) => `${name} ${bytesToHex(publicKey)}`);
  return [
    ...added.map((one) => strengthens(`${witnessText(one)} must witness the log.`)),
    ...removed.map((one) => weakens(`${witnessText(one)} need no longer witness the log.`)),
  ];
}

function witnessText({ name, publicKey }: Witness): string {
  return `${name} (key ${shortHex(publicKey)})`;
}

const vectorWords: Readonly<Record<Policy["vectors"], string>> = {
  none: "not kept",
  sealed: "kept sealed",
  protected: "kept in a form that shows which texts are alike, and outlives their keys",
};

const exposure: readonly Policy["vectors"][] = ["none", "sealed", "protected"];

export function vectors(before: Policy["vectors"], after: Policy["vectors"]): Said[] {
  const sentence = `Passages and vectors will be ${vectorWords[after]} instead of ${vectorWords[before]}.`;
  return [exposure.indexOf(after) > exposure.indexOf(before) ? weakens(sentence) : strengthens(sentence)];
}
