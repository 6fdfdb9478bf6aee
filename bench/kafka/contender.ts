/** What is measured: a program of three hops over Kafka, whichever client it uses. */
export interface Contender {
  ensureTopics(names: readonly string[]): Promise<void>;
  /** Resolves when every in-sync replica has them. */
  send(topic: string, messages: readonly Message[]): Promise<void>;
  /** Joins a group of one member; every fetched batch is given to `handle`, and committed in the background. */
  consume(topic: string, handle: (messages: readonly Message[]) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface Message {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export const PARTITIONS = 8;
