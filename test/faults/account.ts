/** What became of a message at the door, as its sender was told. */
export type Fate = "accepted" | "refused" | "undecided";

/** One message as its sender knows it. Ids are hexadecimal. */
export interface SentMessage {
  readonly conversationId: string;
  readonly messageId: string;
  /** Its place among the messages of its conversation, from 0. */
  readonly position: number;
  readonly fate: Fate;
}

/** One event as it lies in a mailbox, read without a key. */
export interface MailboxEvent {
  readonly conversationId: string;
  /** Grows within a conversation. */
  readonly eventId: number;
  readonly kind: "reply" | "failed" | "waiting" | "gap" | "map";
  /** The message that it is about. */
  readonly causeId: string;
  /** Of a status. */
  readonly code?: string;
}

/** One reply as the reader's SDK gave it out: verified and opened. */
export interface OpenedReply {
  readonly causeId: string;
  /** Whether it speaks of what that message said. */
  readonly isAnswer: boolean;
}

export interface DeadLetter {
  /** The message of the sender's that it is about; null when nobody can tell. */
  readonly causeId: string | null;
  readonly service: string;
  readonly code: string;
}

/** All that is known of a row's messages when nothing moves any more. */
export interface Evidence {
  readonly sent: readonly SentMessage[];
  readonly mailbox: readonly MailboxEvent[];
  readonly opened: readonly OpenedReply[];
  readonly deadLetters: readonly DeadLetter[];
}

export const faultNames = [
  "lost",
  "doubled",
  "out of order",
  "answered and failed",
  "failed without a dead letter",
  "dead letter untold",
  "there without being accepted",
  "undecided at the door",
  "not readable",
  "answers something else",
] as const;
export type FaultName = (typeof faultNames)[number];

/** One thing that must not be, with the ids to look it up by. */
export interface FoundFault {
  readonly fault: FaultName;
  readonly conversationId: string;
  readonly messageId: string;
}

export interface Account {
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
  readonly replied: number;
  /** Messages that ended as a dead letter whose code their reader was told, by code. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly faults: readonly FoundFault[];
}

/**
 * The account of each message: accepted means exactly one reply, in the conversation's order and opened by its reader, or
 * one dead letter with a code that the reader was told; not accepted means that nothing came of it.
 */
export function accountOf(evidence: Evidence): Account {
  const told = grouped(evidence.mailbox, ({ causeId }) => causeId);
  const letters = grouped(evidence.deadLetters, ({ causeId }) => causeId ?? "");
  const opened = grouped(evidence.opened, ({ causeId }) => causeId);
  const faults: FoundFault[] = [];
  const counts = { replied: 0, deadLetters: {} as Record<string, number> };
  for (const message of evidence.sent) {
    const events = told.get(message.messageId) ?? [];
    const view: View = {
      replies: events.filter(({ kind }) => kind === "reply"),
      failures: events.filter(({ kind }) => kind === "failed"),
      letters: letters.get(message.messageId) ?? [],
      opened: opened.get(message.messageId) ?? [],
    };
    const { conversationId, messageId } = message;
    for (const fault of faultsOf(message.fate, view)) faults.push({ fault, conversationId, messageId });
    if (view.replies.length > 0) counts.replied += 1;
    const code = view.replies.length === 0 ? view.letters[0]?.code : undefined;
    if (code !== undefined) counts.deadLetters[code] = (counts.deadLetters[code] ?? 0) + 1;
  }
  const countOf = (fate: Fate): number => evidence.sent.filter((one) => one.fate === fate).length;
  return {
    sent: evidence.sent.length,
    accepted: countOf("accepted"),
    refused: countOf("refused"),
    ...counts,
    faults: [...faults, ...misplaced(evidence)],
  };
}

interface View {
  readonly replies: readonly MailboxEvent[];
  readonly failures: readonly MailboxEvent[];
  readonly letters: readonly DeadLetter[];
  readonly opened: readonly OpenedReply[];
}

function faultsOf(fate: Fate, { replies, failures, letters, opened }: View): FaultName[] {
  switch (fate) {
    case "undecided":
      return ["undecided at the door"];
    case "refused":
      return replies.length + failures.length + letters.length > 0 ? ["there without being accepted"] : [];
    case "accepted":
      break;
  }
  const faults: FaultName[] = [];
  if (replies.length + failures.length + letters.length === 0) faults.push("lost");
  if (replies.length > 1 || failures.length > 1 || opened.length > 1) faults.push("doubled");
  if (replies.length > 0 && failures.length > 0) faults.push("answered and failed");
  const isKept = failures.every(({ code }) => letters.some((letter) => letter.code === code));
  if (!isKept) faults.push("failed without a dead letter");
  const isTold = letters.every(({ code }) => failures.some((failure) => failure.code === code));
  if (!isTold) faults.push("dead letter untold");
  if (replies.length > 0 && opened.length === 0) faults.push("not readable");
  if (opened.some(({ isAnswer }) => !isAnswer)) faults.push("answers something else");
  return faults;
}

/** Replies that came after one to a later message of their conversation. */
function misplaced({ sent, mailbox }: Evidence): FoundFault[] {
  const positions = new Map(sent.map(({ messageId, position }) => [messageId, position]));
  const replies = mailbox.filter(({ kind }) => kind === "reply").sort((one, other) => one.eventId - other.eventId);
  const faults: FoundFault[] = [];
  for (const [conversationId, ofOne] of grouped(replies, (reply) => reply.conversationId)) {
    let latest = -1;
    for (const { causeId } of ofOne) {
      const position = positions.get(causeId);
      if (position === undefined) continue;
      if (position < latest) faults.push({ fault: "out of order", conversationId, messageId: causeId });
      latest = Math.max(latest, position);
    }
  }
  return faults;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
