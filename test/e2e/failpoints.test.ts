import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { idToHex } from "@cloister/envelope";
import { GAPS, type Failpoints, type Gap } from "@cloister/messaging";
import { EmbeddedWorld, readReplies } from "./embedded-world.ts";

// Each case starts every service again, on machines that may be busy.
jest.setTimeout(120_000);

const consumers = ["redaction", "enclave-inference", "embedding", "ingest"] as const;
/** These two send nothing on, so nothing of theirs is ever between its sending and its deletion. */
const endOfTheWay: readonly string[] = ["embedding", "ingest"];
const cases = consumers.flatMap((consumer) =>
  GAPS.filter((gap) => gap !== "before-delete" || !endOfTheWay.includes(consumer)).map(
    (gap) => [consumer, gap] as const,
  ),
);

/** Ends one consumer in one gap, once, when it is set. */
class Trap implements Failpoints {
  #set: { readonly gap: Gap; readonly consumer: string } | undefined;

  set(gap: Gap, consumer: string): void {
    this.#set = { gap, consumer };
  }

  async reach(gap: Gap, consumer: string): Promise<void> {
    if (this.#set?.gap !== gap || this.#set.consumer !== consumer) return;
    this.#set = undefined;
    throw new Error(`the process ended ${gap}`);
  }
}

describe("a process that ends in the middle of the protocol", () => {
  const trap = new Trap();
  let world: EmbeddedWorld;
  beforeAll(async () => {
    world = await EmbeddedWorld.start({ failpoints: trap });
  });
  afterAll(() => world.close());

  it.each(cases)("%s, %s: each message is answered exactly once, in order", async (consumer, gap) => {
    const chat = await world.openChat();
    const fatal = world.fatal();
    trap.set(gap, consumer);
    const sent = [];
    for (const text of ["My name is Marisol Quintanilla.", "What is my name?", "Thanks, Marisol. Goodbye."]) {
      sent.push(idToHex((await chat.send(text)).messageId));
    }
    expect(await fatal).toBe(consumer);
    await world.restart();

    const resumed = world.client().resumeConversation(chat.exportState());
    const read = await readReplies(resumed, sent.length);
    expect(read.map(({ causeId }) => idToHex(causeId))).toEqual(sent);
    await world.idle();
    const replies = (await world.mailbox(chat)).filter(({ kind }) => kind === "reply");
    expect(replies.map(({ causeIdHex }) => causeIdHex)).toEqual(sent);
    const effects = [
      await world.rowsOf(chat, "enclave_inference", "turn"),
      await world.rowsOf(chat, "embedding", "passage"),
    ];
    expect(effects).toEqual([sent.length, sent.length]);
    expect(await world.deadLetters()).toEqual([]);
  });
});
