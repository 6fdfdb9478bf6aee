import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { DAY_MS } from "@cloister/policy";
import { sql } from "kysely";
import { CopiedLog } from "./copied-log.ts";
import { KeysBackup } from "./keys-backup.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("an operator who writes into the database of keys", () => {
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

  const restarted = async (): Promise<void> => {
    const { world } = operator.redaction;
    await world.stopKeys();
    await world.startKeys();
  };
  const purged = async (): Promise<void> => {
    const { lifecycle } = operator.redaction.world;
    const { due: keys } = await lifecycle.planDestruction({});
    await lifecycle.destroyBucketKeys({ keys });
  };

  describe.each([
    ["a running keys", () => Promise.resolve()],
    ["a keys that is started again", restarted],
  ])("and restores last week's copy under %s", (_which, restart) => {
    it("can't have read what is past its end: the end is part of what is wrapped", async () => {
      const { copy } = await operator.copied();
      const backup = await KeysBackup.of(operator.redaction.world.db);
      operator.redaction.world.clock.advance(DAY_MS);
      await purged();
      await backup.restore();
      await restart();
      expect(await operator.read(copy)).toBe("KEY_EXPIRED");
      expect(operator.audited()).toContain("ReleaseKeys KEY_EXPIRED");
    });

    it("can have read what was erased before its end: nothing witnesses the tombstones yet", async () => {
      const { copy, conversation } = await operator.copied();
      const { world } = operator.redaction;
      const backup = await KeysBackup.of(world.db);
      await world.lifecycle.eraseConversation({
        tenantId: conversation.tenant.tenantId,
        conversationId: conversation.id,
      });
      expect(await operator.read(copy)).toBe("KEY_DESTROYED");
      await backup.restore();
      await restart();
      expect(await operator.read(copy)).toBe("opened");
    });
  });

  it("can't prolong a conversation by writing a later end beside its secret", async () => {
    const { copy, conversation } = await operator.copied();
    await sql`update keys.conversation_secret set not_after_ms = not_after_ms + ${7 * DAY_MS}
      where conversation_id = ${conversation.id}`.execute(operator.redaction.world.db.kysely);
    expect(await operator.read(copy)).toBe("KEY_CORRUPT");
    expect(operator.audited()).toContain("ReleaseKeys KEY_CORRUPT");
  });

  it("can't give a conversation another one's secret", async () => {
    const one = await operator.copied();
    const other = await operator.copied(one.conversation.tenant);
    await sql`update keys.conversation_secret as mine set wrapped = theirs.wrapped, not_after_ms = theirs.not_after_ms
      from keys.conversation_secret as theirs
      where mine.conversation_id = ${one.conversation.id} and theirs.conversation_id = ${other.conversation.id}`.execute(
      operator.redaction.world.db.kysely,
    );
    expect(await operator.read(one.copy)).toBe("KEY_CORRUPT");
    expect(operator.audited()).toContain("ReleaseKeys KEY_CORRUPT");
  });
});
