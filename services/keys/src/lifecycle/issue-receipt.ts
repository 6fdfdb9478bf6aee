import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { MAX_RECEIPT_TOMBSTONES, signReceipt, type Receipt, type Tombstone } from "@cloister/audit";
import {
  IssueReceiptResponseSchema,
  type IssueReceiptRequest,
  type IssueReceiptResponse,
} from "@cloister/contracts/keys/lifecycle";
import { parseTenantId } from "@cloister/envelope";
import { noteSigner } from "@cloister/policy";
import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { isTrustedToCredential } from "../kms/key-wrapper.ts";
import { findTombstoneById } from "../records/tombstones.ts";
import { refusing, requireBytes } from "../refusals.ts";
import type { Eviction } from "../revocation/revocations.ts";
import { LEASE_MS } from "../release/release-keys.ts";

/**
 * A receipt of what stands in the tenant's tombstones, and apart from it of what the operator says it dropped. While a
 * lease of an erased conversation's keys may still run it says `partial until` the lease's end.
 * @throws KeysError TENANT_UNKNOWN, TOMBSTONE_UNKNOWN, MALFORMED
 */
export async function issueReceipt(
  parts: KeysParts,
  request: IssueReceiptRequest,
  evictionOf: (tombstoneId: Uint8Array) => Eviction | undefined,
): Promise<IssueReceiptResponse> {
  requireForm(request);
  const tenant = await parts.policies.newest(request.tenantId);
  const tombstones = await tombstonesOf(parts, request);
  const { issuer } = await parts.tenantKeys.open(tenant);
  const issuedAtMs = parts.clock.nowMs();
  const leasesLapseAtMs = Math.max(...tombstones.map(lapseOf));
  const outstandingMs = Math.max(Number(request.partialUntilMs), leasesLapseAtMs);
  const receipt = {
    id: randomBytes(16),
    tenantId: parseTenantId(request.tenantId),
    issuedAtMs,
    attested: {
      tombstones,
      leasesLapseAtMs,
      ...evictionsOf(request, evictionOf),
      ...(isTrustedToCredential(tenant.policy) && { kmsTrust: "credential" as const }),
      // Nothing witnesses the time of this database yet, so a rollback is not excluded.
      isRollbackExcluded: false,
    },
    operatorAsserted: request.operatorAsserted.map(({ dropped, rows }) => ({ dropped, rows: Number(rows) })),
    partialUntilMs: outstandingMs > issuedAtMs ? outstandingMs : null,
    closes: request.closes.length === 0 ? null : request.closes,
  };
  const note = refusing(() => signReceipt(receipt, noteSigner(issuer)));
  return create(IssueReceiptResponseSchema, { receipt: note, receiptId: receipt.id });
}

function requireForm({ tenantId, tombstoneIds, closes }: IssueReceiptRequest): void {
  requireBytes(tenantId, 16);
  for (const id of tombstoneIds) requireBytes(id, 16);
  if (closes.length !== 0) requireBytes(closes, 16);
  if (tombstoneIds.length >= 1 && tombstoneIds.length <= MAX_RECEIPT_TOMBSTONES) return;
  throw new KeysError("MALFORMED", "A receipt is of 1 to 96 tombstones; ask for several receipts.");
}

async function tombstonesOf({ db }: KeysParts, { tenantId, tombstoneIds }: IssueReceiptRequest): Promise<Tombstone[]> {
  const tombstones: Tombstone[] = [];
  for (const id of tombstoneIds) {
    const tombstone = await findTombstoneById(db, tenantId, id);
    if (tombstone === undefined) throw new KeysError("TOMBSTONE_UNKNOWN", "No such tombstone of this tenant stands.");
    tombstones.push(tombstone);
  }
  return tombstones;
}

/** The words of instances for all of the tombstones together; nothing where none is known here. */
function evictionsOf(
  { tombstoneIds }: IssueReceiptRequest,
  evictionOf: (tombstoneId: Uint8Array) => Eviction | undefined,
): Pick<Receipt["attested"], "evictions"> {
  const known = tombstoneIds.flatMap((id) => evictionOf(id) ?? []);
  if (known.length === 0) return {};
  const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);
  const acknowledged = sum(known.map(({ evicted }) => evicted));
  return { evictions: { acknowledged, notAcknowledged: sum(known.map(({ notEvicted }) => notEvicted)) } };
}

/** A lease never passes its bucket's end, so only an early erasure leaves one running. */
function lapseOf({ reason, destroyedAtMs }: Tombstone): number {
  return reason === "erased" ? destroyedAtMs + LEASE_MS : destroyedAtMs;
}
