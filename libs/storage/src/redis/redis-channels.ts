import { randomBytes } from "node:crypto";
import { Cluster } from "ioredis";
import { ChannelListeners } from "../channel-listeners.ts";
import type { Unsubscribe } from "../wake-ups.ts";
import type { RedisConnection } from "./redis-connection.ts";

const originBytes = 8;
/** More than that on its way to a Redis that does not take it is dropped. */
const maxPendingBytes = 4 * 1024 * 1024;
const retryMs = 500;
/** Channels of one SUBSCRIBE. */
const chunk = 500;

/**
 * Messages between processes by Redis' channels, and within this one without the way over Redis: what is said here is
 * heard here at once, whether Redis is there or not. In a cluster a channel belongs to a slot, as a key does.
 */
export class RedisChannels {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #isCluster: boolean;
  readonly #origin = randomBytes(originBytes);
  readonly #heard = new ChannelListeners<[message: Uint8Array]>();
  /** How many listen to a channel here. */
  readonly #counts = new Map<string, number>();
  readonly #unasked = new Set<string>();
  readonly #onMessage = (channel: Buffer, message: Buffer): void => this.#take(channel.toString(), message);
  readonly #onReady = (): void => this.#askAgain([...this.#counts.keys()]);
  #retry: NodeJS.Timeout | undefined;
  #pendingBytes = 0;
  #isClosed = false;

  /** @param name of the group of channels, such as `live` */
  constructor(connection: RedisConnection, name: string) {
    this.#connection = connection;
    this.#prefix = `${connection.settings.prefix}:${name}:`;
    const { subscriber } = connection;
    this.#isCluster = subscriber instanceof Cluster;
    subscriber.on(this.#isCluster ? "smessageBuffer" : "messageBuffer", this.#onMessage);
    subscriber.on("ready", this.#onReady);
  }

  /** The channels that somebody listens to here. */
  get channels(): string[] {
    return [...this.#counts.keys()];
  }

  /** Whether other processes can be heard. */
  get isReady(): boolean {
    return this.#connection.subscriber.status === "ready";
  }

  /** Listeners of this process hear it in a later turn. Others may not, and nobody is told. */
  say(channel: string, message: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#counts.has(channel)) setImmediate(() => this.#heard.tell(channel, message));
    this.#publish(this.#prefix + channel, Buffer.concat([this.#origin, message]));
  }

  /** Only listeners of this process hear it, at once. */
  tellHere(channel: string, message: Uint8Array): void {
    this.#heard.tell(channel, message);
  }

  listen(channel: string, listener: (message: Uint8Array) => void): Unsubscribe {
    const leave = this.#heard.add(channel, listener);
    const count = this.#counts.get(channel) ?? 0;
    this.#counts.set(channel, count + 1);
    if (count === 0) this.#subscribe([channel]);
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      leave();
      this.#leave(channel);
    };
  }

  /** Whether anybody listens, here or elsewhere; false when Redis can't be asked. */
  async hasListeners(channel: string): Promise<boolean> {
    if (this.#counts.has(channel)) return true;
    const { commands } = this.#connection;
    const name = this.#prefix + channel;
    try {
      if (!(commands instanceof Cluster)) return countOf(await commands.pubsub("NUMSUB", name)) > 0;
      // Each shard knows its own subscribers only, and which one has the channel is the client's secret.
      const counts = await Promise.all(
        commands.nodes("master").map(async (node) => countOf(await node.pubsub("SHARDNUMSUB", name).catch(() => []))),
      );
      return counts.some((count) => count > 0);
    } catch {
      return false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const { subscriber } = this.#connection;
    subscriber.off(this.#isCluster ? "smessageBuffer" : "messageBuffer", this.#onMessage);
    subscriber.off("ready", this.#onReady);
    for (const channel of this.#counts.keys()) this.#unsubscribe(channel);
    this.#counts.clear();
    this.#heard.clear();
  }

  #take(name: string, message: Buffer): void {
    if (!name.startsWith(this.#prefix) || message.length < originBytes) return;
    if (message.subarray(0, originBytes).equals(this.#origin)) return;
    this.#heard.tell(name.slice(this.#prefix.length), new Uint8Array(message.subarray(originBytes)));
  }

  #publish(name: string, message: Buffer): void {
    const { commands, isReady } = this.#connection;
    if (!isReady || this.#pendingBytes + message.length > maxPendingBytes) return;
    this.#pendingBytes += message.length;
    const sent = this.#isCluster ? commands.spublish(name, message) : commands.publish(name, message);
    sent.catch(() => undefined).finally(() => (this.#pendingBytes -= message.length));
  }

  #leave(channel: string): void {
    const count = (this.#counts.get(channel) ?? 1) - 1;
    if (count > 0) {
      this.#counts.set(channel, count);
      return;
    }
    this.#counts.delete(channel);
    this.#unasked.delete(channel);
    this.#unsubscribe(channel);
  }

  #askAgain(channels: readonly string[]): void {
    const wanted = channels.filter((channel) => this.#counts.has(channel));
    // A cluster takes channels of one slot at a time only.
    const size = this.#isCluster ? 1 : chunk;
    for (let from = 0; from < wanted.length; from += size) this.#subscribe(wanted.slice(from, from + size));
  }

  #subscribe(channels: readonly string[]): void {
    const { subscriber } = this.#connection;
    const names = channels.map((channel) => this.#prefix + channel);
    const asked = this.#isCluster ? subscriber.ssubscribe(...names) : subscriber.subscribe(...names);
    asked.then(
      () => channels.forEach((channel) => this.#unasked.delete(channel)),
      () => this.#askLater(channels),
    );
  }

  #askLater(channels: readonly string[]): void {
    if (this.#isClosed) return;
    for (const channel of channels) if (this.#counts.has(channel)) this.#unasked.add(channel);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      // Without a connection all are asked for as soon as there is one.
      if (this.isReady) this.#askAgain([...this.#unasked]);
    }, retryMs).unref();
  }

  #unsubscribe(channel: string): void {
    const { subscriber } = this.#connection;
    if (subscriber.status !== "ready") return;
    const name = this.#prefix + channel;
    void (this.#isCluster ? subscriber.sunsubscribe(name) : subscriber.unsubscribe(name)).catch(() => undefined);
  }
}

/** NUMSUB answers with each channel and its number. */
function countOf(answer: readonly unknown[]): number {
  return Number(answer[1] ?? 0);
}
