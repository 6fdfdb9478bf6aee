import { createHash, randomBytes } from "node:crypto";
import { Cluster, type Redis } from "ioredis";
import { ChannelListeners } from "../channel-listeners.ts";
import type { Unsubscribe } from "../wake-ups.ts";
import type { RedisClient } from "./connect-redis.ts";
import type { RedisConnection } from "./redis-connection.ts";

const originBytes = 8;
/** More than that on its way to a Redis that does not take it is dropped. */
const maxPendingBytes = 4 * 1024 * 1024;
const retryMs = 500;
/** A cluster's client changes nodes by itself, and may forget channels that it was told of meanwhile. */
const refreshMs = 5_000;
/** Channels of one SUBSCRIBE. */
const chunk = 500;

/**
 * Messages between processes by Redis' channels, and within this one without the way over Redis: what is said here is
 * heard here at once, whether Redis is there or not. In a cluster every node passes every message on to the others.
 */
export class RedisChannels {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #origin = randomBytes(originBytes);
  readonly #heard = new ChannelListeners<[message: Uint8Array]>();
  /** How many listen to a channel here. */
  readonly #counts = new Map<string, number>();
  readonly #unasked = new Set<string>();
  readonly #onMessage = (channel: Buffer, message: Buffer): void => this.#take(channel.toString(), message);
  readonly #onReady = (): void => this.#askAgain([...this.#counts.keys()]);
  readonly #refresh: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pendingBytes = 0;
  #isClosed = false;

  /** @param name of the group of channels, such as `live` */
  constructor(connection: RedisConnection, name: string) {
    this.#connection = connection;
    this.#prefix = `${connection.settings.prefix}:${name}:`;
    const { subscriber } = connection;
    subscriber.on("messageBuffer", this.#onMessage);
    subscriber.on("ready", this.#onReady);
    if (subscriber instanceof Cluster) this.#refresh = setInterval(this.#onReady, refreshMs).unref();
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
    // Each node of a cluster knows its own subscribers only. The first that has one is answer enough.
    const servers = commands instanceof Cluster ? commands.nodes("all") : [commands];
    const asked = servers.map(async (server) => {
      const [, count] = await server.pubsub("NUMSUB", name);
      if (Number(count) === 0) throw new Error("nobody listens there");
    });
    return Promise.any(asked).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#refresh);
    const { subscriber } = this.#connection;
    subscriber.off("messageBuffer", this.#onMessage);
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
    void publisherOf(commands, name)
      .publish(name, message)
      .catch(() => undefined)
      .finally(() => (this.#pendingBytes -= message.length));
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
    for (let from = 0; from < wanted.length; from += chunk) this.#subscribe(wanted.slice(from, from + chunk));
  }

  #subscribe(channels: readonly string[]): void {
    this.#connection.subscriber.subscribe(...channels.map((channel) => this.#prefix + channel)).then(
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
    void subscriber.unsubscribe(this.#prefix + channel).catch(() => undefined);
  }
}

/** In a cluster the same node for the same channel, while the nodes stay the same: others would pass it on out of order. */
function publisherOf(commands: RedisClient, name: string): RedisClient {
  if (!(commands instanceof Cluster)) return commands;
  const placeOf = ({ options: { host = "", port = 0 } }: Redis): string => `${host}:${port}`;
  const masters = commands.nodes("master").sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const number = createHash("sha256").update(name).digest().readUInt32BE();
  return masters[number % masters.length] ?? commands;
}
