import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { DAY_MS } from "@cloister/policy";
import { CopiedLog } from "./copied-log.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("an operator with a copy of the log, who sets the clocks", () => {
  let operator: CopiedLog;
  beforeAll(async () => {
    operator = await CopiedLog.start();
  });
  afterAll(() => operator.close());
  beforeEach(() => {
    operator.begin();
  });
  afterEach(async () => {
    expect(await operator.finds()).toEqual([]);
  });

  const advance = (ms: number): void => {
    operator.redaction.world.clock.advance(ms);
  };
  const refusedWith = (code: string) => expect.arrayContaining([`ReleaseKeys ${code}`]);

  it("has a copy that a genuine instance can read while it lives", async () => {
    expect(await operator.read((await operator.copied()).copy)).toBe("opened");
  });

  it("can't have a copy read after its time, purged or not", async () => {
    const { copy } = await operator.copied();
    advance(DAY_MS);
    expect(await operator.read(copy)).toBe("KEY_EXPIRED");
    expect(operator.audited()).toEqual(refusedWith("KEY_EXPIRED"));
  });

  it("gains nothing by a clock set forward: what it ends stays as closed as at its time", async () => {
    const { copy } = await operator.copied();
    advance(8 * DAY_MS);
    expect(await operator.read(copy)).toBe("KEY_EXPIRED");
    advance(-8 * DAY_MS);
    expect(operator.audited()).toEqual(refusedWith("KEY_EXPIRED"));
  });

  it("can't have it read by setting the clock back after the purge", async () => {
    const { copy } = await operator.copied();
    advance(DAY_MS);
    const { lifecycle } = operator.redaction.world;
    const { due: keys } = await lifecycle.planDestruction({});
    await lifecycle.destroyBucketKeys({ keys });
    advance(-DAY_MS);
    expect(await operator.read(copy)).toBe("KEY_DESTROYED");
    expect(operator.audited()).toEqual(refusedWith("KEY_DESTROYED"));
  });

  it("can have it read by a clock held back until the purge: nothing witnesses the time of keys yet", async () => {
    const { copy } = await operator.copied();
    advance(DAY_MS);
    advance(-DAY_MS);
    expect(await operator.read(copy)).toBe("opened");
  });

  it("can't have it read after an erasure, by a clock set back or by keys started again", async () => {
    const { copy, conversation } = await operator.copied();
    const { world } = operator.redaction;
    const { tenantId } = conversation.tenant;
    await world.lifecycle.eraseConversation({ tenantId, conversationId: conversation.id });
    expect(await operator.read(copy)).toBe("KEY_DESTROYED");
    advance(-60_000);
    await world.stopKeys();
    await world.startKeys();
    expect(await operator.read(copy)).toBe("KEY_DESTROYED");
    expect(operator.audited()).toEqual(refusedWith("KEY_DESTROYED"));
  });

  it("can't have a living bucket's keys destroyed early by asking for it: that takes an erasure", async () => {
    const { copy, conversation } = await operator.copied();
    const { lifecycle, clock } = operator.redaction.world;
    const { due } = await lifecycle.planDestruction({});
    expect(due.map(({ bucketEndMs }) => Number(bucketEndMs) > clock.nowMs())).not.toContain(true);
    const living = { tenantId: conversation.tenant.tenantId, purpose: 2, bucketEndMs: BigInt(clock.nowMs() + 60_000) };
    await expect(lifecycle.destroyBucketKeys({ keys: [living] })).rejects.toMatchObject({ rawMessage: "NOT_DUE" });
    expect(operator.audited()).toContain("DestroyBucketKeys NOT_DUE");
    expect(await operator.read(copy)).toBe("opened");
  });
});
