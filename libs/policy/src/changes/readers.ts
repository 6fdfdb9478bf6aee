import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Policy } from "../policy.ts";
import { changes, compareLists, shortHex, strengthens, weakens, type Said } from "./change.ts";

type Recipient = Policy["recipients"][number];

export function recipients(before: readonly Recipient[], after: readonly Recipient[]): Said[] {
  const { added, removed, kept } = compareLists(before, after, ({ kemPublicKey }) => bytesToHex(kemPublicKey));
  return [
    ...added.map((one) => weakens(`${recipientText(one)} may read replies from now on, ${withNames(one)}.`)),
    ...removed.map((one) => strengthens(`${recipientText(one)} may no longer read replies.`)),
    ...kept.flatMap(([was, is]) => [
      ...(was.name === is.name ? [] : [changes(`${recipientText(was)} is called ${is.name}.`)]),
      ...(is.map && !was.map ? [weakens(`${recipientText(is)} may see the names behind placeholders.`)] : []),
      ...(was.map && !is.map
        ? [strengthens(`${recipientText(is)} may no longer see the names behind placeholders.`)]
        : []),
    ]),
  ];
}

/** Its key by the id that envelopes name it by. */
function recipientText({ name, kemPublicKey }: Recipient): string {
  return `${name} (key ${shortHex(sha256(kemPublicKey))})`;
}

function withNames({ map }: Recipient): string {
  return map ? "with names" : "with placeholders for names";
}

type Issuer = Policy["admissionIssuers"][number];

export function admissionIssuers(before: readonly Issuer[], after: readonly Issuer[]): Said[] {
  const { added, removed, kept } = compareLists(before, after, ({ publicKey }) => bytesToHex(publicKey));
  return [
    ...added.map((one) => weakens(`Whom ${issuerText(one)} admits is let in.`)),
    ...removed.map((one) => strengthens(`Whom ${issuerText(one)} admits is no longer let in.`)),
    ...kept.flatMap(([was, is]) => (was.name === is.name ? [] : [changes(`${issuerText(was)} is called ${is.name}.`)])),
  ];
}

function issuerText({ name, publicKey }: Issuer): string {
  return `${name} (key ${shortHex(publicKey)})`;
}

type Delegate = Policy["delegates"][number];

const verbWords: Readonly<Record<Delegate["verb"], string>> = {
  export: "export conversations to a recipient",
  hold: "stop things from being erased",
  release: "end such a stop",
  device: "add devices that read",
  "knowledge-base-import": "change what models are told",
  "destroy-kek": "have the tenant's KEK destroyed, and all that it wraps",
  unlock: "give the key service another credential for the tenant's KMS",
};

export function delegates(before: readonly Delegate[], after: readonly Delegate[]): Said[] {
  const { added, removed } = compareLists(before, after, ({ verb, publicKey }) => `${verb} ${bytesToHex(publicKey)}`);
  return [
    ...added.map((one) => weakens(`The key ${delegateText(one)}.`)),
    ...removed.map((one) => strengthens(`No longer: the key ${delegateText(one)}.`)),
  ];
}

function delegateText({ verb, publicKey }: Delegate): string {
  return `${shortHex(publicKey)} may ${verbWords[verb]}`;
}
