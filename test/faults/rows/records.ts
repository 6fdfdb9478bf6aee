import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@cloister/service";
import { idToHex, readHeader } from "@cloister/envelope";
import { topics } from "@cloister/contracts/topics";
import type { OutgoingRecord } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { Device, say, type OpenedConversation } from "../../e2e/device.ts";
import { Injector } from "../injector.ts";
import { readMailboxes } from "../mailbox.ts";
import { poisonFor, type Poison } from "../poison.ts";
import type { Row, Stage } from "../row.ts";

const POISONED_CONVERSATIONS = 10;
const SCRAMBLED_CONVERSATIONS = 10;
const LED_CONVERSATIONS = 20;
const scrambled = [3, 1, 2, 5, 4] as const;

function openByHand({ application }: Stage, count: number): Promise<OpenedConversation[]> {
  return Promise.all(Array.from({ length: count }, () => application.openByHand(new Device())));
}

function poisonRow(): Row {
  let poison: { readonly conversation: OpenedConversation; readonly kinds: Poison[] }[] = [];
  return {
    name: "poison",
    fault:
      "poison of eight kinds between the messages: truncated, rubbish, unknown suite, expired, another tenant's, too large, id reused, moved to another key",
    withEachClient: false,
    play: async (stage) => {
      const injector = await Injector.at(stage.deployment);
      const conversations = await openByHand(stage, POISONED_CONVERSATIONS);
      poison = conversations.map((conversation) => ({
        conversation,
        kinds: poisonFor(conversation, systemClock.nowMs()),
      }));
      await stage.load.hasSaid(0.2);
      await stage.during(async () => {
        for (const { kinds } of poison) {
          for (const { records } of kinds) await injector.produce(records);
          await delay(300);
        }
      });
      await injector.close();
    },
    judge: async ({ application, expect, note }, { deadLetters }) => {
      const mailbox = await readMailboxes(
        application.mailboxDoor,
        poison.map(({ conversation }) => ({ conversationId: idToHex(conversation.id), endings: 1 })),
      );
      const kinds = poison.flatMap((one) => one.kinds);
      for (const { kind, codes, isTold } of poison[0]?.kinds ?? []) {
        const sent = kinds.filter((one) => one.kind === kind).length;
        // Kinds may share a code.
        const alike = kinds.filter((one) => one.codes.some((code) => codes.includes(code))).length;
        const kept = deadLetters.filter(({ code }) => codes.includes(code));
        const told = mailbox.filter(({ code }) => code !== undefined && codes.includes(code));
        expect(
          kept.length >= alike,
          `${alike} ${kind} or alike: ${kept.length} dead letters with ${codes.join(" or ")}`,
        );
        if (isTold) expect(told.length === sent, `${sent} ${kind}: ${told.length} readers were told`);
      }
      const first = mailbox.filter(({ kind }) => kind === "reply").length;
      expect(first === poison.length, `${poison.length} messages before their ids were reused: ${first} replies`);
      const letters = Map.groupBy(deadLetters, ({ code }) => code);
      note(`dead letters: ${[...letters].map(([code, all]) => `${all.length} ${code}`).join(", ")}`);
    },
  };
}

function copiesRow(): Row {
  let conversations: readonly OpenedConversation[] = [];
  return {
    name: "duplicates",
    fault:
      "every record of all topics again and backwards, the messages of twenty conversations also ahead of themselves, ten conversations out of order",
    withEachClient: true,
    play: async (stage) => {
      const { application, load, during, note, deployment, expect } = stage;
      let copiesAhead = 0;
      const [chosen, led] = [new Set<string>(), new Set<string>()];
      const injector = await Injector.at(deployment);
      conversations = await openByHand(stage, SCRAMBLED_CONVERSATIONS);
      await load.hasSaid(0.1);
      const stopCopying = await injector.copyEverything();
      application.door.onNewMessage = async (conversationId, envelope) => {
        // Ahead of itself, and of no other message of its conversation: that would be the injector's disorder.
        const id = idToHex(conversationId);
        if (!chosen.has(id) && chosen.size < LED_CONVERSATIONS) {
          chosen.add(id);
          if (await load.hasAnswered(id)) led.add(id);
        }
        if (!led.has(id)) return;
        copiesAhead += 1;
        await injector.produce([ahead(conversationId, envelope)]);
      };
      await during(async () => {
        const nowMs = systemClock.nowMs();
        for (const conversation of conversations) {
          const messages = scrambled.map((senderSeq) => say(conversation, nowMs, senderSeq, "Out of order.").record);
          await injector.produce(messages);
        }
        await load.hasSaid(0.95);
      });
      application.door.onNewMessage = undefined;
      await delay(1_000);
      note(`${await stopCopying()} records copied, ${copiesAhead} messages ahead of themselves`);
      await injector.close();
      expect(led.size > 0, `${LED_CONVERSATIONS} conversations were to be led: ${led.size} were`);
    },
    judge: async ({ application, expect }) => {
      const mailbox = await readMailboxes(
        application.mailboxDoor,
        conversations.map(({ id }) => ({ conversationId: idToHex(id), endings: scrambled.length })),
      );
      const replies = mailbox.filter(({ kind }) => kind === "reply");
      const wanted = conversations.length * scrambled.length;
      const distinct = new Set(replies.map(({ causeId }) => causeId)).size;
      expect(
        replies.length === wanted && distinct === wanted,
        `${wanted} messages out of order: ${replies.length} replies to ${distinct} of them`,
      );
    },
  };
}

/** As ingest would produce it, before ingest does. */
function ahead(conversationId: Uint8Array, envelope: Uint8Array): OutgoingRecord {
  const { expiresAtMs: bucketEndMs } = readHeader(envelope);
  return sealedMessageRecord(topics.inbound, { conversationId, envelope, bucketEndMs });
}

export const recordRows: readonly Row[] = [poisonRow(), copiesRow()];
