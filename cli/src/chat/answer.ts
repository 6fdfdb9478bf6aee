import { ClientError, type ReplyReceived } from "@cloister/client";
import chalk from "chalk";
import { hexOf, printable, timeText } from "../terminal.ts";

/** What became of a message: its reply, or the status that none came. */
export type Answer = AnswerWithReply | { readonly kind: "status"; readonly code: string; readonly retryable: boolean };

export interface AnswerWithReply {
  readonly kind: "reply";
  readonly reply: ReplyReceived;
  readonly sealed: Sealed | undefined;
}

/** What the service was sent. */
export interface Sealed {
  readonly bytes: number;
  readonly firstBytesHex: string;
}

const SHOWN_BYTES = 16;

export function sealedOf(envelope: Uint8Array): Sealed {
  return { bytes: envelope.length, firstBytesHex: hexOf(envelope.subarray(0, SHOWN_BYTES)) };
}

/** What concerns one message alone; after any other error there is no use in going on. */
const ofOneMessage: readonly ClientError["code"][] = ["REPLY_FAILED", "REPLY_TIMEOUT", "MESSAGE_TOO_LARGE"];

/** The status of a message that has no reply. @throws the error itself when the chat can't go on after it */
export function statusOf(error: unknown): Answer {
  if (!(error instanceof ClientError) || !ofOneMessage.includes(error.code)) throw error;
  return { kind: "status", code: error.problem ?? error.code, retryable: error.retryable };
}

/** For a person. Names are back in their places; what the model wrote is shown with `sealed` alone. */
export function answerLines(answer: Answer): string[] {
  if (answer.kind === "status") {
    const advice = answer.retryable ? "The same message may be answered later." : "";
    return [chalk.yellow(`(no reply: ${answer.code})${advice && ` ${advice}`}`)];
  }
  const { reply } = answer;
  return [
    ...factLines(answer),
    ...(reply.refusalCode === undefined ? [] : [chalk.yellow(`(refused: ${printable(reply.refusalCode)})`)]),
    printable(reply.text),
    ...sourceLines(reply),
  ];
}

/** What left this process and what the model wrote, if `--show-sealed` asks for it. */
export function factLines({ reply, sealed }: AnswerWithReply): string[] {
  if (sealed === undefined) return [];
  return [
    chalk.dim(`sent: ${sealed.bytes} bytes, ${sealed.firstBytesHex}…`),
    chalk.dim(`the model wrote: ${printable(reply.rawText)}`),
  ];
}

export function sourceLines({ sources }: ReplyReceived): string[] {
  return sources.length === 0 ? [] : [chalk.cyan(sources.map(({ title }) => `[${printable(title)}]`).join(" "))];
}

/** For a program, on one line. */
export function answerJson(answer: Answer, conversationId: string): string {
  if (answer.kind === "status") {
    return JSON.stringify({ conversationId, failed: { code: answer.code, retryable: answer.retryable } });
  }
  const { reply, sealed } = answer;
  return JSON.stringify({
    conversationId,
    messageId: hexOf(reply.messageId),
    causeId: hexOf(reply.causeId),
    createdAt: timeText(reply.createdAtMs),
    text: reply.text,
    sources: reply.sources,
    model: reply.model,
    ...(reply.refusalCode !== undefined && { refusalCode: reply.refusalCode }),
    ...(sealed && { sealed, rawText: reply.rawText }),
  });
}
