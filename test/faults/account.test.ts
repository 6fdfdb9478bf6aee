import { describe, expect, it } from "@jest/globals";
import { accountOf, type Evidence, type MailboxEvent, type SentMessage } from "./account.ts";

const conversationId = "c1";
const sent = (position: number, fate: SentMessage["fate"] = "accepted"): SentMessage => ({
  conversationId,
  messageId: `m${position}`,
  position,
  fate,
});
const reply = (position: number, eventId = position): MailboxEvent => ({
  conversationId,
  eventId,
  kind: "reply",
  causeId: `m${position}`,
});
const failure = (position: number, code: string): MailboxEvent => ({
  ...reply(position, 100 + position),
  kind: "failed",
  code,
});
const letter = (position: number, code: string) => ({ causeId: `m${position}`, service: "redaction", code });
const opened = (position: number, isAnswer = true) => ({ causeId: `m${position}`, isAnswer });

/** Three messages, each answered once and in order, with changes. */
function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    sent: [sent(0), sent(1), sent(2)],
    mailbox: [reply(0), reply(1), reply(2)],
    opened: [opened(0), opened(1), opened(2)],
    deadLetters: [],
    ...changes,
  };
}

const faultsIn = (changes: Partial<Evidence>): string[] =>
  accountOf(evidence(changes)).faults.map(({ fault, messageId }) => `${messageId} ${fault}`);

describe("the account of a row's messages", () => {
  it("has no fault when each was answered once and in order", () => {
    expect(accountOf(evidence())).toEqual({
      sent: 3,
      accepted: 3,
      refused: 0,
      replied: 3,
      deadLetters: {},
      faults: [],
    });
  });

  it("reports a message that was accepted and never heard of again", () => {
    expect(faultsIn({ mailbox: [reply(0), reply(2)], opened: [opened(0), opened(2)] })).toEqual(["m1 lost"]);
  });

  it("reports a second reply that lies in the mailbox though the SDK hides it", () => {
    expect(faultsIn({ mailbox: [reply(0), reply(1), reply(2), reply(1, 3)] })).toContain("m1 doubled");
  });

  it("reports a reply that the reader was given twice", () => {
    expect(faultsIn({ opened: [opened(0), opened(1), opened(1), opened(2)] })).toEqual(["m1 doubled"]);
  });

  it("reports a reply that came after the one to a later message", () => {
    expect(faultsIn({ mailbox: [reply(0), reply(2, 1), reply(1, 2)] })).toEqual(["m1 out of order"]);
  });

  it("takes a dead letter whose code its reader was told for an end", () => {
    const mailbox = [reply(0), failure(1, "EXPIRED"), reply(2)];
    const deadLetters = [letter(1, "EXPIRED")];
    const account = accountOf(evidence({ mailbox, opened: [opened(0), opened(2)], deadLetters }));
    expect(account).toMatchObject({ replied: 2, deadLetters: { EXPIRED: 1 }, faults: [] });
  });

  it("reports a dead letter that its reader was not told of", () => {
    const answered = { mailbox: [reply(0), reply(2)], opened: [opened(0), opened(2)] };
    expect(faultsIn({ ...answered, deadLetters: [letter(1, "EXPIRED")] })).toEqual(["m1 dead letter untold"]);
  });

  it("reports a failure without a dead letter, and one beside a reply", () => {
    expect(faultsIn({ mailbox: [reply(0), reply(1), reply(2), failure(1, "EXPIRED")] })).toEqual([
      "m1 answered and failed",
      "m1 failed without a dead letter",
    ]);
  });

  it("reports what came of a message that was refused", () => {
    expect(faultsIn({ sent: [sent(0), sent(1, "refused"), sent(2)] })).toEqual(["m1 there without being accepted"]);
  });

  it("reports a message whose sender never got an answer", () => {
    expect(faultsIn({ sent: [sent(0), sent(1, "undecided"), sent(2)] })).toEqual(["m1 undecided at the door"]);
  });

  it("reports a reply that its reader could not open, and one to something else", () => {
    expect(faultsIn({ opened: [opened(0), opened(2, false)] })).toEqual([
      "m1 not readable",
      "m2 answers something else",
    ]);
  });
});
