import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Stage } from "@cloister/envelope";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import { importDocument, newKemKey, newSigningKey, say, type OpenedConversation } from "./device.ts";
import { RedactionWorld } from "./redaction-world.ts";
import type { TestTenant } from "./tenant.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("redaction, on keys of the real keys service", () => {
  let redaction: RedactionWorld;
  let tenant: TestTenant;
  const nowMs = (): number => redaction.world.clock.nowMs();
  const open = (): Promise<OpenedConversation> => redaction.world.open(tenant);
  /** A map row lies in the database as soon as its message was sent on. */
  const mapRows = async ({ id }: OpenedConversation): Promise<Uint8Array[]> => {
    const { rows } = await sql<{ envelope: Uint8Array }>`
      select envelope from redaction.map_entry where conversation_id = ${id} order by message_id`.execute(
      redaction.world.db.kysely,
    );
    return rows.map(({ envelope }) => envelope);
  };

  beforeAll(async () => {
    redaction = await RedactionWorld.start();
    tenant = await redaction.world.newTenant();
  });
  afterAll(() => redaction.close());

  describe("what becomes of a message", () => {
    it("passes on a redacted text after the map that its reader needs for it", async () => {
      const conversation = await open();
      const message = say(conversation, nowMs(), 1, "I am Marisol Quintanilla, write to marisol@example.org please.");
      await redaction.send(message);
      const made = await redaction.made(message);
      expect(made.map(({ kind }) => kind)).toEqual(["delta", "redacted"]);
      expect(await redaction.redactedText(message)).toBe("I am [PERSON_1], write to [EMAIL_ADDRESS_1] please.");
    });

    it("seals the map to the client and signs it with a key that the tenant's issuer certifies", async () => {
      const conversation = await open();
      const message = say(conversation, nowMs(), 1, "Call +1 415 555 2671 about it.");
      await redaction.send(message);
      const { entries, header } = await redaction.delta(conversation, message, conversation.device.kem);
      expect(header).toMatchObject({ stage: Stage.MAP_DELTA, senderSeq: 0, conversationId: conversation.id });
      expect(entries).toMatchObject([
        { placeholder: "[PHONE_NUMBER_1]", entityType: "PHONE_NUMBER", value: "+1 415 555 2671" },
      ]);
      expect(await redaction.refusalOf(conversation, message, newKemKey())).toBe("NOT_A_RECIPIENT");
    });

    it("sends no map for a message that brings no entries", async () => {
      const message = say(await open(), nowMs(), 1, "How long does a card take?");
      await redaction.send(message);
      expect((await redaction.made(message)).map(({ kind }) => kind)).toEqual(["redacted"]);
    });

    it("gives everything the end of its own class's bucket, counted from the client's message", async () => {
      const conversation = await open();
      const message = say(conversation, nowMs(), 1, "Write to marisol@example.org.");
      await redaction.send(message);
      const [delta, redacted] = await redaction.made(message);
      const { rows } = await sql<{ bucket_end_ms: number }>`
        select bucket_end_ms from redaction.map_entry where conversation_id = ${conversation.id}`.execute(
        redaction.world.db.kysely,
      );
      expect(redacted).toMatchObject({ header: { expiresAtMs: conversation.statement.expiresAtMs } });
      const day = Date.UTC(2026, 10, 29);
      expect([delta, rows[0]?.bucket_end_ms]).toMatchObject([{ header: { expiresAtMs: day } }, day]);
    });

    it("doesn't let a map wait in the mailbox for longer because its message waited on the way", async () => {
      const conversation = await open();
      const message = say(conversation, nowMs(), 1, "Write to marisol@example.org.");
      const lagMs = 13 * 3_600_000;
      redaction.world.clock.advance(lagMs);
      await redaction.send(message);
      const [delta] = await redaction.made(message);
      const sevenDaysLaterMs = nowMs() - lagMs + 7 * 86_400_000;
      expect(delta?.kind === "delta" ? delta.header.expiresAtMs : Infinity).toBeLessThanOrEqual(sevenDaysLaterMs);
    });

    it("redacts a document's title, too", async () => {
      const kb = await redaction.world.open(tenant, { kind: "kb" });
      const document = {
        documentId: "refunds",
        title: "Refunds, ask marisol@example.org",
        text: "Write to marisol@example.org or call +1 415 555 2671.",
      };
      const message = importDocument(kb, nowMs(), 1, document);
      await redaction.send(message);
      expect((await redaction.made(message)).at(-1)).toMatchObject({
        content: {
          text: "Write to [EMAIL_ADDRESS_1] or call [PHONE_NUMBER_1].",
          document: { documentId: "refunds", title: "Refunds, ask [EMAIL_ADDRESS_1]" },
        },
      });
    });

    it("lets recipients with the map open it, and nobody else", async () => {
      const [withMap, without] = [newKemKey(), newKemKey()];
      const supported = await redaction.world.newTenant({
        recipients: [
          { name: "quality", kemPublicKey: withMap.publicKeyBytes, map: true },
          { name: "archive", kemPublicKey: without.publicKeyBytes, map: false },
        ],
      });
      const conversation = await redaction.world.open(supported);
      const message = say(conversation, nowMs(), 1, "Write to marisol@example.org.");
      await redaction.send(message);
      const [entry] = (await redaction.delta(conversation, message, withMap)).entries;
      expect(entry?.value).toBe("marisol@example.org");
      expect(await redaction.refusalOf(conversation, message, without)).toBe("NOT_A_RECIPIENT");
    });
  });

  describe("the memory of a conversation", () => {
    it("reaches from one message of a batch to the next", async () => {
      const conversation = await open();
      const first = say(conversation, nowMs(), 1, "My name is Marisol Quintanilla.");
      const second = say(conversation, nowMs(), 2, "Has Marisol Quintanilla's card arrived?");
      await redaction.send(first, second);
      expect(await redaction.redactedText(second)).toBe("Has [PERSON_1]'s card arrived?");
    });

    it("outlives a restart, sealed", async () => {
      const conversation = await open();
      const before = say(conversation, nowMs(), 1, "My name is Annelise Bergström, call +1 415 555 2671.");
      await redaction.send(before);
      await redaction.made(before);
      await redaction.stopService();
      await redaction.startService();
      const after = say(conversation, nowMs(), 2, "It is Annelise Bergström, now at +44 20 7946 0958.");
      await redaction.send(after);
      expect(await redaction.redactedText(after)).toBe("It is [PERSON_1], now at [PHONE_NUMBER_2].");
      const kept = Buffer.concat(await mapRows(conversation)).toString("latin1");
      expect(kept).not.toMatch(/Annelise|Bergstr|555 2671/u);
    });

    it("knows the same person by another form of the name", async () => {
      const conversation = await open();
      const whole = say(conversation, nowMs(), 1, "My name is Marisol Quintanilla.");
      await redaction.send(whole);
      await redaction.made(whole);
      const part = say(conversation, nowMs(), 2, "Please send it to QUINTANILLA, not to my neighbour.");
      await redaction.send(part);
      expect(await redaction.redactedText(part)).toMatch(/^Please send it to \[PERSON_1(\.\d+)?\], not/u);
    });

    it("is not shared between conversations", async () => {
      const [mine, yours] = [await open(), await open()];
      const told = say(mine, nowMs(), 1, "I am Marisol Quintanilla and my neighbour is Annelise Bergström.");
      const other = say(yours, nowMs(), 1, "My name is Annelise Bergström.");
      await redaction.send(told, other);
      expect(await redaction.redactedText(other)).toBe("My name is [PERSON_1].");
    });

    it("refuses to go on from a map row that somebody changed", async () => {
      const conversation = await open();
      const before = say(conversation, nowMs(), 1, "My name is Marisol Quintanilla.");
      await redaction.send(before);
      await redaction.made(before);
      await sql`update redaction.map_entry
        set envelope = set_byte(envelope, length(envelope) - 1, get_byte(envelope, length(envelope) - 1) # 1)
        where conversation_id = ${conversation.id}`.execute(redaction.world.db.kysely);
      const after = say(conversation, nowMs(), 2, "Has Marisol's card arrived?");
      await redaction.send(after);
      expect(await redaction.codes(after)).toEqual(["AUTHENTICATION_FAILED"]);
    });

    it("refuses a map row of another conversation", async () => {
      const [mine, stranger] = [await open(), await open()];
      const theirs = say(stranger, nowMs(), 1, "My name is Annelise Bergström.");
      await redaction.send(theirs);
      await redaction.made(theirs);
      await sql`update redaction.map_entry set conversation_id = ${mine.id}
        where conversation_id = ${stranger.id}`.execute(redaction.world.db.kysely);
      const message = say(mine, nowMs(), 1, "Who am I?");
      await redaction.send(message);
      expect(await redaction.codes(message)).toEqual(["NOT_A_RECIPIENT"]);
    });
  });

  describe("what is refused", () => {
    it("tells the reader of a repeated sequence number, and keeps the letter", async () => {
      const conversation = await open();
      const [first, repeated] = [say(conversation, nowMs(), 1, "One."), say(conversation, nowMs(), 1, "One again.")];
      await redaction.send(first, repeated);
      expect(await redaction.codes(repeated)).toEqual(["REPLAYED"]);
      expect(await redaction.deadLetters(repeated)).toEqual(["REPLAYED"]);
      expect(await redaction.codes(first)).toEqual([]);
    });

    it("reports a gap once, and still takes what was late", async () => {
      const conversation = await open();
      const texts = [1, 4, 5, 3].map((seq) => say(conversation, nowMs(), seq, `Number ${String(seq)}.`));
      await redaction.send(...texts);
      const codes = [];
      for (const message of texts) codes.push(await redaction.codes(message));
      expect(codes).toEqual([[], ["SEQUENCE_GAP"], [], []]);
    });

    it("believes the conversation's client alone", async () => {
      const message = say(await open(), nowMs(), 1, "Believe me.", { signer: newSigningKey() });
      await redaction.send(message);
      expect(await redaction.codes(message)).toEqual(["SIGNATURE_INVALID"]);
    });

    it("leaves the sequence as it was after a forged message", async () => {
      const conversation = await open();
      const forged = say(conversation, nowMs(), 1, "Believe me.", { signer: newSigningKey() });
      const genuine = say(conversation, nowMs(), 1, "It is really me.");
      await redaction.send(forged, genuine);
      expect(await redaction.redactedText(genuine)).toBe("It is really me.");
    });

    it.each([Stage.REDACTED, Stage.REPLY, Stage.MAP_ENTRY])("refuses stage %i on its topic", async (stage) => {
      const message = say(await open(), nowMs(), 1, "Wrong way.", { header: { stage } });
      await redaction.send(message);
      expect(await redaction.codes(message)).toEqual(["WRONG_STAGE"]);
    });

    it("takes no document in a chat", async () => {
      const message = importDocument(await open(), nowMs(), 1, { documentId: "d", title: "t", text: "x" });
      await redaction.send(message);
      expect(await redaction.codes(message)).toEqual(["MALFORMED"]);
    });

    it("takes no message that claims another conversation's key", async () => {
      const [mine, stranger] = [await open(), await open()];
      const message = say(stranger, nowMs(), 1, "Let me in.", { header: { conversationId: mine.id } });
      await redaction.send(message);
      expect(await redaction.codes(message)).toEqual(["SIGNATURE_INVALID"]);
    });

    it("makes a dead letter of a record under another conversation's key, and handles its message in its own place", async () => {
      const [mine, other] = [await open(), await open()];
      const message = say(mine, nowMs(), 1, "Leave me here.");
      await redaction.world.messages.produce([{ ...message.record, key: other.id }]);
      await eventually(async () => expect(await redaction.deadLettersUnder(other)).toEqual(["RECORD_MOVED"]));
      expect(await redaction.madeSoFar(message)).toEqual([]);
      await redaction.send(message);
      expect(await redaction.redactedText(message)).toBe("Leave me here.");
    });

    it("takes no message that was sealed after its statement should have been renewed", async () => {
      const conversation = await open();
      const createdAtMs = conversation.statement.sealUntilMs + 1;
      const message = say(conversation, nowMs(), 1, "Late.", { header: { createdAtMs } });
      await redaction.send(message);
      expect(await redaction.codes(message)).toEqual(["STATEMENT_EXPIRED"]);
    });

    it("refuses a conversation that was erased, also where its keys were leased before", async () => {
      const conversation = await open();
      const before = say(conversation, nowMs(), 1, "My name is Marisol Quintanilla.");
      await redaction.send(before);
      await redaction.made(before);
      const { tenantId } = tenant;
      await redaction.world.lifecycle.eraseConversation({ tenantId, conversationId: conversation.id });
      // Until revocations reach instances over their stream, a lease of at most 60 s has to lapse.
      redaction.world.clock.advance(60_001);
      const after = say(conversation, nowMs(), 2, "Are you still there?");
      await redaction.send(after);
      expect(await redaction.codes(after)).toEqual(["KEY_DESTROYED"]);
    });

    it("drops a message whose bucket has ended, and passes nothing on", async () => {
      const conversation = await open();
      const message = say(conversation, nowMs(), 1, "Too late.");
      await redaction.stopService();
      redaction.world.clock.advance(conversation.statement.expiresAtMs - nowMs());
      await redaction.send(message);
      await redaction.startService();
      const next = say(await open(), nowMs(), 1, "In time.");
      await redaction.send(next);
      await redaction.made(next);
      expect(await redaction.madeSoFar(message)).toEqual([]);
    });
  });

  describe("what has to wait", () => {
    it("lets a message wait for its policy, others behind it, and goes on in order", async () => {
      const conversation = await open();
      const pinned = say(conversation, nowMs(), 1, "I am Marisol Quintanilla.", { header: { policyVersion: 2 } });
      const behind = say(conversation, nowMs(), 2, "Has Marisol's card arrived?");
      await redaction.send(pinned, behind);
      await eventually(async () => {
        expect(await redaction.parkedCodes(conversation)).toEqual(["POLICY_STALE", "BEHIND_PARKED"]);
      });
      const elsewhere = say(await open(), nowMs(), 1, "Others go on.");
      await redaction.send(elsewhere);
      expect(await redaction.redactedText(elsewhere)).toBe("Others go on.");

      await redaction.world.authority.applyPolicy(tenant.signed(tenant.policy(nowMs(), { version: 2 })));
      redaction.world.clock.advance(61_000);
      expect(await redaction.redactedText(behind)).toMatch(/^Has \[PERSON_1(\.\d+)?\]'s card arrived\?$/u);
      expect(await redaction.codes(behind)).toEqual([]);
      expect(await redaction.parkedCodes(conversation)).toEqual([]);
    });

    it("gets through a batch that takes longer than a lease of its keys", async () => {
      const conversation = await open();
      const messages = Array.from({ length: 16 }, (_, n) => say(conversation, nowMs(), n + 1, `Message ${String(n)}.`));
      await redaction.stopService();
      await redaction.send(...messages);
      const { clock } = redaction.world;
      // Each look at the clock takes five seconds: at least one look a message.
      const slow = { monotonicMs: () => clock.monotonicMs(), nowMs: () => (clock.advance(5_000), clock.nowMs()) };
      await redaction.startService(undefined, slow);
      for (const message of messages) {
        expect((await redaction.made(message)).map(({ kind }) => kind)).toEqual(["redacted"]);
      }
      await redaction.stopService();
      await redaction.startService();
    });

    it("loses nothing while keys is down", async () => {
      const conversation = await open();
      const messages = [1, 2, 3].map((seq) => say(conversation, nowMs(), seq, `Message ${String(seq)}.`));
      await redaction.world.stopKeys();
      await redaction.send(...messages);
      await eventually(() => {
        expect(redaction.log.lines.join("")).toContain("KEYS_UNAVAILABLE");
      });
      for (const message of messages) expect(await redaction.madeSoFar(message)).toEqual([]);
      await redaction.world.startKeys();
      const made = [];
      for (const message of messages) made.push(await redaction.made(message));
      expect(made.map((all) => all.map(({ kind }) => kind))).toEqual([["redacted"], ["redacted"], ["redacted"]]);
    });
  });

  it("wrote nothing into its log that anybody typed", () => {
    expect(redaction.log.lines.length).toBeGreaterThan(0);
    expect(redaction.log.lines.join("\n")).not.toMatch(/Marisol|Quintanilla|Bergstr|555 2671|example\.org/u);
  });
});
