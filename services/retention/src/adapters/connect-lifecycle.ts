import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { readKeysErrorCode } from "@cloister/contracts/keys/errors";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import { purposeFromWire, purposeToWire } from "@cloister/policy";
import { RetentionError } from "../errors.ts";
import type { Dropped, DueKey, TenantTombstones } from "../purge/job.ts";
import type { KeyLifecycle, Outstanding, PartialReceipt } from "../purge/ports.ts";

/** What one receipt can name (libs/audit). */
const MAX_TOMBSTONES = 96;

/** The Lifecycle door of `keys`. */
export function connectLifecycle(transport: Transport): KeyLifecycle {
  const client = createClient(LifecycleService, transport);
  return {
    async due() {
      const { due } = await asked(() => client.planDestruction({}));
      return due.map(({ tenantId, purpose, bucketEndMs }) => ({
        tenantIdHex: hex(tenantId),
        purpose: purposeFromWire(purpose),
        bucketEndMs: Number(bucketEndMs),
      }));
    },

    async destroy(keys) {
      const { tombstoneIds } = await asked(() => client.destroyBucketKeys({ keys: keys.map(toWire) }));
      const byTenant = new Map<string, string[]>();
      for (const [index, id] of tombstoneIds.entries()) {
        const tenantIdHex = keys[index]?.tenantIdHex ?? "";
        byTenant.set(tenantIdHex, [...(byTenant.get(tenantIdHex) ?? []), hex(id)]);
      }
      return [...byTenant].flatMap(([tenantIdHex, ids]) => inParts(tenantIdHex, ids));
    },

    async erase({ tenantIdHex, conversationIdHex }) {
      const { tombstoneId } = await asked(() =>
        client.eraseConversation({ tenantId: bytes(tenantIdHex), conversationId: bytes(conversationIdHex) }),
      );
      return { tenantIdHex, tombstoneIdsHex: [hex(tombstoneId)] };
    },

    async issueReceipt({ tenantIdHex, tombstoneIdsHex }, dropped, { outstanding, closes } = {}) {
      const { receipt, receiptId } = await asked(() =>
        client.issueReceipt({
          tenantId: bytes(tenantIdHex),
          tombstoneIds: tombstoneIdsHex.map(bytes),
          operatorAsserted: [
            ...dropped.map(toAssertion),
            ...outstandingAssertion(outstanding),
            ...closingAssertion(closes),
          ],
          ...(outstanding && { partialUntilMs: BigInt(outstanding.untilMs) }),
          ...(closes && { closes: bytes(closes.idHex) }),
        }),
      );
      return { idHex: hex(receiptId), note: receipt };
    },
  };
}

function inParts(tenantIdHex: string, ids: readonly string[]): TenantTombstones[] {
  const parts: TenantTombstones[] = [];
  for (let start = 0; start < ids.length; start += MAX_TOMBSTONES) {
    parts.push({ tenantIdHex, tombstoneIdsHex: ids.slice(start, start + MAX_TOMBSTONES) });
  }
  return parts;
}

const toWire = ({ tenantIdHex, purpose, bucketEndMs }: DueKey) => ({
  tenantId: bytes(tenantIdHex),
  purpose: purposeToWire(purpose),
  bucketEndMs: BigInt(bucketEndMs),
});

const toAssertion = ({ table, partitions, rows }: Dropped) => ({
  dropped: `${droppedText(table, partitions)}${isGeometry(table) ? geometryNote : ""}`,
  rows: BigInt(rows),
});

/** How many rows it is, nobody counts. */
function outstandingAssertion(outstanding: Outstanding | undefined) {
  if (outstanding === undefined) return [];
  const by = new Date(outstanding.untilMs).toISOString();
  return [{ dropped: `nothing yet of ${outstanding.what}, which are gone by ${by}`, rows: 0n }];
}

function closingAssertion(closes: PartialReceipt | undefined) {
  return closes === undefined ? [] : [{ dropped: closes.outstanding.what, rows: 0n }];
}

/** What makes this assertion weigh more than others: of sealed rows nothing can be read once their keys are destroyed. */
const geometryNote = " - geometry of vectors, which no destroyed key erases";

/** The two stores of protected vectors, by what libs/retrieval calls them. */
function isGeometry(table: string): boolean {
  return table === "protected_vectors.vector" || table === "qdrant.protected_vectors";
}

function droppedText(table: string, partitions: number): string {
  if (partitions === 0) return `rows of ${table}`;
  return `${String(partitions)} ${table.startsWith("qdrant.") ? "collections" : "partitions"} of ${table}`;
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const error = ConnectError.from(cause);
    const code = readKeysErrorCode(error.metadata);
    if (code === undefined || error.code === Code.Unavailable || error.code === Code.DeadlineExceeded) {
      throw new RetentionError("KEYS_UNAVAILABLE", "keys did not answer; the purge goes on when it does.", { cause });
    }
    throw new RetentionError("KEYS_REFUSED", `keys refused: ${code}.`, { cause });
  }
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
const bytes = (value: string): Uint8Array => Buffer.from(value, "hex");
