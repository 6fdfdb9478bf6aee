import { randomBytes } from "node:crypto";
import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { ReleaseService } from "@cloister/contracts/keys/release";
import { codeOf } from "@cloister/service";
import type { KeysParts } from "../keys.parts.ts";
import { openShared, takeShared } from "./share-unlocks.ts";
import type { Unlocks } from "./unlocks.ts";

const ASK_EVERY_MS = 5_000;

/** The other instances of `keys`: what a tenant said to one of them, the others learn within seconds. */
export class Peers {
  readonly #parts: KeysParts;
  readonly #unlocks: Unlocks;
  readonly #clients: readonly Client<typeof ReleaseService>[];
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #isAway = new Set<Client<typeof ReleaseService>>();

  /** To the Release doors of the others. */
  constructor(parts: KeysParts, unlocks: Unlocks, transports: readonly Transport[]) {
    this.#parts = parts;
    this.#unlocks = unlocks;
    this.#clients = transports.map((transport) => createClient(ReleaseService, transport));
    if (transports.length > 0) this.#timer = setInterval(() => void this.ask(), ASK_EVERY_MS).unref();
  }

  /** Asks each once. Never rejects: one that is away is asked again later. */
  async ask(): Promise<void> {
    await Promise.all(this.#clients.map((client) => this.#ask(client)));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #ask(client: Client<typeof ReleaseService>): Promise<void> {
    const { identity, log } = this.#parts;
    try {
      const { sessionId, nonce } = await client.beginSession({ nonce: randomBytes(32) });
      const evidence = await identity.prove(nonce);
      const { sealed } = await client.shareUnlocks({ sessionId, evidence });
      const count = await takeShared(this.#parts, this.#unlocks, openShared(identity.kem, sessionId, sealed));
      if (count > 0) log.info("another instance of keys passed on what tenants unlocked it with", { count });
      this.#isAway.delete(client);
    } catch (error) {
      if (!this.#isAway.has(client))
        log.warn("another instance of keys can't be asked", { code: codeOf(error), error });
      this.#isAway.add(client);
    }
  }
}
