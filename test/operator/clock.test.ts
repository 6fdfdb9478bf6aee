import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { fromBinary } from "@bufbuild/protobuf";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import { EnvelopeError, openEnvelope, readHeader } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { KeyringError } from "@cloister/keyring";
import { DAY_MS } from "@cloister/policy";
import { readTopic } from "@cloister/testing";
import { say, type OpenedConversation } from "../e2e/device.ts";
import { RedactionWorld } from "../e2e/redaction-world.ts";
import type { TestTenant } from "../e2e/tenant.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("an operator with a copy of the log, who sets the clocks", () => {
  let redaction: RedactionWorld;
  let tenant: TestTenant;
  beforeAll(async () => {
    redaction = await RedactionWorld.start();
  });
  afterAll(() => redaction.close());

  /** A conversation, and the operator's copy of the redacted text that went over the log. */
  async function copied(): Promise<{ conversation: OpenedConversation; copy: Uint8Array }> {
    tenant = await redaction.world.newTenant();
    const conversation = await redaction.world.open(tenant);
    const message = say(conversation, redaction.world.clock.nowMs(), 1, "Nobody may read this later.");
    await redaction.send(message);
    await redaction.made(message);
    const records = await readTopic(redaction.world.db, topics.redacted);
    const copy = records.find(({ key }) => Buffer.compare(key, conversation.id) === 0);
    if (copy === undefined) throw new Error("the redacted text is not on the log");
    return { conversation, copy: fromBinary(MessageSealedSchema, copy.value).envelope };
  }

  /** What a genuine new instance of inference gets to see of a copy. */
  async function read(copy: Uint8Array): Promise<string> {
    const { tenantId, conversationId, expiresAtMs: bucketEndMs, createdAtMs } = readHeader(copy);
    const request = { tenantId, conversationId, purpose: "flow" as const, bucketEndMs };
    const keyring = redaction.world.keyring("enclave-inference");
    try {
      const keys = [(await keyring.lease([request])).openingKey(request)];
      openEnvelope(nodeBackend, copy, { keys, signer: "none", nowMs: createdAtMs });
      return "opened";
    } catch (error) {
      if (error instanceof KeyringError || error instanceof EnvelopeError) return error.code;
      throw error;
    } finally {
      keyring.close();
    }
  }

  it("has a copy that a genuine instance can read while it lives", async () => {
    expect(await read((await copied()).copy)).toBe("opened");
  });

  it("can't have a copy read after its time, purged or not", async () => {
    const { copy } = await copied();
    redaction.world.clock.advance(DAY_MS);
    expect(await read(copy)).toBe("KEY_EXPIRED");
  });

  it("can't have it read by setting the clock back after the purge", async () => {
    const { copy } = await copied();
    redaction.world.clock.advance(DAY_MS);
    const { due: keys } = await redaction.world.lifecycle.planDestruction({});
    await redaction.world.lifecycle.destroyBucketKeys({ keys });
    redaction.world.clock.advance(-DAY_MS);
    expect(await read(copy)).toBe("KEY_DESTROYED");
  });

  it("can have it read by a clock held back until the purge: nothing witnesses the time of keys yet", async () => {
    const { copy } = await copied();
    redaction.world.clock.advance(DAY_MS);
    redaction.world.clock.advance(-DAY_MS);
    expect(await read(copy)).toBe("opened");
  });

  it("can't have it read after an erasure, by a clock set back or by keys started again", async () => {
    const { copy, conversation } = await copied();
    const { tenantId } = tenant;
    await redaction.world.lifecycle.eraseConversation({ tenantId, conversationId: conversation.id });
    redaction.world.clock.advance(-60_000);
    await redaction.world.stopKeys();
    await redaction.world.startKeys();
    expect(await read(copy)).toBe("KEY_DESTROYED");
  });

  it("can't have a living bucket's keys destroyed early by asking for it: that takes an erasure", async () => {
    const { copy } = await copied();
    const { due } = await redaction.world.lifecycle.planDestruction({});
    expect(due.map(({ bucketEndMs }) => Number(bucketEndMs) > redaction.world.clock.nowMs())).not.toContain(true);
    expect(await read(copy)).toBe("opened");
  });
});
