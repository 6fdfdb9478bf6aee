import { bytesToHex } from "@noble/hashes/utils.js";
import type { Receipt } from "./receipt.ts";
import { tombstoneHash, type Tombstone } from "./tombstone.ts";

/** The receipt as a person reads it: what is proved, what is only said, what is outstanding. Ends in a newline. */
export function renderReceipt(receipt: Receipt): string {
  const { attested, operatorAsserted, partialUntilMs, closes } = receipt;
  const lines = [
    `Receipt ${bytesToHex(receipt.id)} of ${timeText(receipt.issuedAtMs)}`,
    `Tenant ${bytesToHex(receipt.tenantId)}`,
    `Status: ${partialUntilMs === null ? "complete" : `partial until ${timeText(partialUntilMs)}`}`,
    ...(closes === null ? [] : [`Closes receipt ${bytesToHex(closes)}`]),
    "",
    "Attested by the key service:",
    ...attested.tombstones.map((tombstone) => `- ${tombstoneText(tombstone)}`),
    ...(attested.evictions === undefined ? [] : [`- ${evictionsText(attested.evictions)}`]),
    `- no release since; the last lease lapses by ${timeText(attested.leasesLapseAtMs)}`,
    ...(attested.kmsTrust === undefined
      ? []
      : ["- the tenant's KMS was trusted to a credential that whoever runs the key service could use beside it"]),
    `- rollback of the key database ${attested.isRollbackExcluded ? "excluded by witnesses" : "not excluded"}`,
    "",
    "Asserted by the operator, not proved:",
    ...(operatorAsserted.length === 0 ? ["- nothing"] : []),
    ...operatorAsserted.map(({ dropped, rows }) => `- dropped ${dropped} (${rows} ${rows === 1 ? "row" : "rows"})`),
  ];
  return `${lines.join("\n")}\n`;
}

function tombstoneText(tombstone: Tombstone): string {
  const what = destroyedText(tombstone);
  const when = timeText(tombstone.destroyedAtMs);
  return `destroyed ${what}, ${tombstone.reason}, at ${when}; tombstone ${bytesToHex(tombstoneHash(tombstone))}`;
}

function evictionsText({ acknowledged, notAcknowledged }: NonNullable<Receipt["attested"]["evictions"]>): string {
  const given = `signed word of ${instances(acknowledged)} that nothing of it is held any more`;
  return notAcknowledged === 0 ? given : `${given}; of ${instances(notAcknowledged)} the lease ends by itself`;
}

const instances = (number: number): string => `${number} ${number === 1 ? "instance" : "instances"}`;

function destroyedText({ destroyed }: Tombstone): string {
  switch (destroyed.kind) {
    case "bucket-key":
      return `the ${destroyed.purpose} key of the bucket ending ${timeText(destroyed.bucketEndMs)}`;
    case "conversation":
      return `the secret of conversation ${bytesToHex(destroyed.conversationId)}`;
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
