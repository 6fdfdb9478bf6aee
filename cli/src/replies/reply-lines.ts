import type { ConversationEvent, LiveStopped, LiveText } from "@cloister/client";
import chalk from "chalk";
import { hexOf, printable, timeText } from "../terminal.ts";

/** An event of the mailbox; a running answer is not asked for. */
export type MailboxEvent = Exclude<ConversationEvent, LiveText | LiveStopped>;

/** An event of a conversation that several may be followed beside. */
export interface FollowedEvent {
  readonly conversationId: string;
  readonly event: MailboxEvent;
}

export function isOfTheMailbox(event: ConversationEvent): event is MailboxEvent {
  return event.kind !== "live" && event.kind !== "live-stopped";
}

/** For a person. */
export function eventLines({ conversationId, event }: FollowedEvent): string[] {
  const from = chalk.dim(conversationId.slice(0, 8));
  switch (event.kind) {
    case "reply": {
      const sources = event.sources.map(({ title }) => `[${printable(title)}]`).join(" ");
      return [
        `${from} ${chalk.dim(timeText(event.createdAtMs))} ${printable(event.text)}`,
        ...(sources === "" ? [] : [`${" ".repeat(9)}${chalk.cyan(sources)}`]),
      ];
    }
    case "failed":
      return [`${from} ${chalk.yellow(`(no reply to a message: ${event.code})`)}`];
    case "waiting":
      return [`${from} ${chalk.yellow(`(a message waits and will be answered: ${event.code})`)}`];
    case "gap":
      return [`${from} ${chalk.yellow("(messages of the client before this one never arrived)")}`];
    case "refused":
      return [`${from} ${chalk.yellow(`(not shown: ${refusalOf(event.code)})`)}`];
  }
}

function refusalOf(code: string): string {
  if (code !== "NOT_A_RECIPIENT") return code;
  return `${code}: this key is no reader of the conversation; it reads those opened once a policy names it by --recipient`;
}

/** For a program, on one line. */
export function eventJson({ conversationId, event }: FollowedEvent): string {
  switch (event.kind) {
    case "reply": {
      const { kind, eventId, messageId, causeId, createdAtMs, text, rawText, sources, model, refusalCode } = event;
      return JSON.stringify({
        ...{ kind, conversationId, eventId, messageId: hexOf(messageId), causeId: hexOf(causeId) },
        ...{ createdAt: timeText(createdAtMs), text, rawText, sources, model },
        ...(refusalCode !== undefined && { refusalCode }),
      });
    }
    case "failed": {
      const { kind, eventId, causeId, code, retryable } = event;
      return JSON.stringify({ kind, conversationId, eventId, causeId: hexOf(causeId), code, retryable });
    }
    case "waiting": {
      const { kind, eventId, causeId, code } = event;
      return JSON.stringify({ kind, conversationId, eventId, causeId: hexOf(causeId), code });
    }
    case "gap":
      return JSON.stringify({
        ...{ kind: event.kind, conversationId, eventId: event.eventId },
        causeId: hexOf(event.causeId),
      });
    case "refused":
      return JSON.stringify({ kind: event.kind, conversationId, eventId: event.eventId, code: event.code });
  }
}
