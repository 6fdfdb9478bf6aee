import type { Contender, Message } from "./contender.ts";

export interface TopicMessage extends Message {
  readonly topic: string;
}

/**
 * What an idempotent producer asks for, of kafkajs above all (its requests overtake each other otherwise, and the broker
 * refuses their numbers): one request at a time, with everything that was given meanwhile.
 */
export function oneAtATime(send: (messages: readonly TopicMessage[]) => Promise<unknown>): Contender["send"] {
  let waiting: TopicMessage[] = [];
  let next: Promise<unknown> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return async (topic, messages) => {
    waiting.push(...messages.map(({ key, value }) => ({ topic, key, value })));
    next ??= last.then(() => {
      const together = waiting;
      waiting = [];
      next = undefined;
      last = send(together);
      return last;
    });
    await next;
  };
}
