import { fromBinary } from "@bufbuild/protobuf";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { idToHex, readHeader, Stage } from "@cloister/envelope";
import { createParser } from "eventsource-parser";
import type { MailboxEvent } from "./account.ts";

export interface MailboxDoor {
  readonly baseUrl: string;
  readonly accessToken: string;
  readonly tenantIdHex: string;
}

/** Longer than a look of ingest's at a mailbox takes: what lies in it comes at once. */
const QUIET_MS = 700;
const READ_AT_ONCE = 40;

/** Everything that lies in these mailboxes, from their beginnings, read without a key. */
export async function readMailboxes(door: MailboxDoor, conversationIds: readonly string[]): Promise<MailboxEvent[]> {
  const waiting = [...conversationIds];
  const events: MailboxEvent[] = [];
  const lane = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
      events.push(...(await readMailbox(door, id)));
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, lane));
  return events;
}

async function readMailbox(door: MailboxDoor, conversationId: string): Promise<MailboxEvent[]> {
  const events: MailboxEvent[] = [];
  const leave = new AbortController();
  const leaveLater = (): NodeJS.Timeout => setTimeout(() => leave.abort(), QUIET_MS);
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      if (event === "reply" && id !== undefined) events.push(readEvent(conversationId, Number(id), data));
    },
  });
  const response = await fetch(`${door.baseUrl}/v1/conversations/${conversationId}/replies?live=false`, {
    headers: {
      authorization: `Bearer ${door.accessToken}`,
      "cloister-tenant": door.tenantIdHex,
      accept: "text/event-stream",
    },
    signal: leave.signal,
  });
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (!response.ok || body === null) throw new Error(`a mailbox could not be read: ${response.status}`);
  const text = new TextDecoder();
  let quiet = leaveLater();
  try {
    for await (const piece of body) {
      clearTimeout(quiet);
      parser.feed(text.decode(piece, { stream: true }));
      quiet = leaveLater();
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    clearTimeout(quiet);
  }
  return events;
}

function readEvent(conversationId: string, eventId: number, data: string): MailboxEvent {
  const { event } = fromBinary(ReplyEventSchema, Buffer.from(data, "base64"));
  const place = { conversationId, eventId };
  switch (event.case) {
    case "sealed": {
      const { stage, causeId } = readHeader(event.value.envelope);
      const kind = stage === Stage.REPLY ? "reply" : "map";
      return { ...place, kind, causeId: causeId === undefined ? "" : idToHex(causeId) };
    }
    case "failed": {
      const { causeId, code, waiting } = event.value;
      const kind = code === "SEQUENCE_GAP" ? "gap" : waiting ? "waiting" : "failed";
      return { ...place, kind, causeId: idToHex(causeId), code };
    }
    case undefined:
      throw new Error("a mailbox holds an event of no kind that there is");
  }
}
