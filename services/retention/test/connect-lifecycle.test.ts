import { describe, expect, it } from "@jest/globals";
import { Code, ConnectError, createRouterTransport, type ServiceImpl, type Transport } from "@connectrpc/connect";
import { KEYS_ERROR_HEADER } from "@cloister/contracts/keys/errors";
import { LifecycleService, type IssueReceiptRequest } from "@cloister/contracts/keys/lifecycle";
import { Erasure } from "../src/erasure.ts";
import { connectLifecycle } from "../src/adapters/connect-lifecycle.ts";
import type { DueKey } from "../src/purge/job.ts";

const served = (door: Partial<ServiceImpl<typeof LifecycleService>>): Transport =>
  createRouterTransport((router) => router.service(LifecycleService, door));
const keyOf = (tenant: number, hour: number): DueKey => ({
  tenantIdHex: tenant.toString(16).padStart(32, "0"),
  purpose: "flow",
  bucketEndMs: hour * 3_600_000,
});
/** Answers as `keys` does: one tombstone for each key, in order. */
const burying = served({
  destroyBucketKeys: ({ keys }) => ({ tombstoneIds: keys.map((_, index) => new Uint8Array(16).fill(index % 256)) }),
});
const refusing = (error: ConnectError) => connectLifecycle(served({ planDestruction: () => Promise.reject(error) }));

describe("the lifecycle door of keys", () => {
  it("gives each tenant its own tombstones", async () => {
    const parts = await connectLifecycle(burying).destroy([keyOf(1, 1), keyOf(2, 1), keyOf(1, 2)]);
    expect(parts.map(({ tenantIdHex, tombstoneIdsHex }) => [tenantIdHex.at(-1), tombstoneIdsHex.length])).toEqual([
      ["1", 2],
      ["2", 1],
    ]);
  });

  it("cuts a tenant's tombstones into parts that a receipt can name", async () => {
    const keys = Array.from({ length: 200 }, (_, hour) => keyOf(1, hour));
    const parts = await connectLifecycle(burying).destroy(keys);
    expect(parts.map(({ tombstoneIdsHex }) => tombstoneIdsHex.length)).toEqual([96, 96, 8]);
  });

  it("erases a conversation, and receipts its tombstone without a word of dropped rows", async () => {
    const tombstoneId = new Uint8Array(16).fill(7);
    const seen: unknown[] = [];
    const door = served({
      eraseConversation: (request) => {
        seen.push(Buffer.from(request.conversationId).toString("hex"));
        return { tombstoneId };
      },
      issueReceipt: (request) => {
        seen.push(request.tombstoneIds, request.operatorAsserted);
        return { receipt: new TextEncoder().encode("a note") };
      },
    });
    const conversation = { tenantIdHex: "0".repeat(32), conversationIdHex: "ab".repeat(16) };
    const clock = { nowMs: () => 5, monotonicMs: () => 0 };
    const receipt = await new Erasure(connectLifecycle(door), {}, clock).erase(conversation);
    expect(receipt).toEqual({ ...conversation, issuedAtMs: 5, note: "a note" });
    expect(seen).toEqual(["ab".repeat(16), [tombstoneId], []]);
  });

  it("deletes an erased conversation's protected vectors, and says that no destroyed key erases such", async () => {
    let asked: IssueReceiptRequest | undefined;
    const door = served({
      eraseConversation: () => ({ tombstoneId: new Uint8Array(16) }),
      issueReceipt: (request) => {
        asked = request;
        return { receipt: new Uint8Array() };
      },
    });
    const forgotten: string[] = [];
    const vectors = {
      forget: async ({ conversationId }: { conversationId: Uint8Array }) => {
        forgotten.push(Buffer.from(conversationId).toString("hex"));
        return { table: "qdrant.protected_vectors", vectors: 12 };
      },
    };
    const conversation = { tenantIdHex: "0".repeat(32), conversationIdHex: "ab".repeat(16) };
    const clock = { nowMs: () => 5, monotonicMs: () => 0 };
    await new Erasure(connectLifecycle(door), vectors, clock).erase(conversation);
    expect(forgotten).toEqual(["ab".repeat(16)]);
    expect(asked?.operatorAsserted).toMatchObject([
      { dropped: "rows of qdrant.protected_vectors - geometry of vectors, which no destroyed key erases", rows: 12n },
    ]);
  });

  it("says in the operator's own part of a receipt what was dropped and how many rows", async () => {
    let asked: IssueReceiptRequest | undefined;
    const door = served({
      issueReceipt: (request) => {
        asked = request;
        return { receipt: new Uint8Array([1]) };
      },
    });
    const dropped = [
      { table: "log.record", partitions: 2, rows: 30 },
      { table: "redaction.conversation", partitions: 0, rows: 4 },
    ];
    await connectLifecycle(door).issueReceipt(
      { tenantIdHex: "0".repeat(32), tombstoneIdsHex: ["1".repeat(32)] },
      dropped,
    );
    expect(asked?.operatorAsserted.map((one) => [one.dropped, one.rows])).toEqual([
      ["2 partitions of log.record", 30n],
      ["rows of redaction.conversation", 4n],
    ]);
  });

  it("tells a refusal of keys from its absence", async () => {
    const refused = new ConnectError("no", Code.FailedPrecondition, { [KEYS_ERROR_HEADER]: "NOT_DUE" });
    await expect(refusing(refused).due()).rejects.toMatchObject({ code: "KEYS_REFUSED", isUnavailable: false });
    for (const away of [Code.Unavailable, Code.DeadlineExceeded, Code.Internal]) {
      await expect(refusing(new ConnectError("away", away)).due()).rejects.toMatchObject({
        code: "KEYS_UNAVAILABLE",
        isUnavailable: true,
      });
    }
  });
});
