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
/** For what is known to lie in it, on a machine that is busy. */
const EXPECTED_MS = 20_000;
const READ_AT_ONCE = 40;

export interface MailboxToRead {
  readonly conversationId: string;
  /** How many ends of messages lie in it at least, as somebody knows already. */
  readonly endings: number;
}

/** Everything that lies in these mailboxes, from their beginnings, read without a key. */
export async function readMailboxes(door: MailboxDoor, mailboxes: readonly MailboxToRead[]): Promise<MailboxEvent[]> {
  const waiting = [...mailboxes];
  const events: MailboxEvent[] = [];
  const lane = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      events.push(...(await readMailbox(door, one)));
    }
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, lane));
  return events;
}

const isEnding = ({ kind }: MailboxEvent): boolean => kind === "reply" || kind === "failed";

async function readMailbox(door: MailboxDoor, { conversationId, endings }: MailboxToRead): Promise<MailboxEvent[]> {
  const events: MailboxEvent[] = [];
  const leave = new AbortController();
  const leaveLater = (): NodeJS.Timeout => {
    const hasAll = events.filter(isEnding).length >= endings;
    return setTimeout(() => leave.abort(), hasAll ? QUIET_MS : EXPECTED_MS);
  };
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
