import { tombstoneId } from "@cloister/audit";
import { idToHex } from "@cloister/envelope";
import type { KeysParts } from "../keys.parts.ts";
import { readTombstones } from "../records/tombstones.ts";
import type { Eviction, Revocations } from "./revocations.ts";

const AT_ONCE = 1_000;
const LOOK_EVERY_MS = 1_000;
/** Of a tombstone that stood already. */
export const nobody: Eviction = { evicted: 0, notEvicted: 0 };

/**
 * Revokes what new tombstones stand for, whichever instance of `keys` wrote them: each looks at the log every second, and
 * at once after a tombstone of its own.
 */
export class Announcer {
  readonly #parts: Pick<KeysParts, "db" | "log">;
  readonly #revocations: Revocations;
  readonly #timer: NodeJS.Timeout;
  #nextIndex: number;
  #turn: Promise<ReadonlyMap<string, Promise<Eviction>>> = Promise.resolve(new Map());
  #hasFailed = false;

  /** `nextIndex`: how many tombstones stand; nobody holds a lease of what they ended. */
  constructor(parts: Pick<KeysParts, "db" | "log">, revocations: Revocations, nextIndex: number) {
    this.#parts = parts;
    this.#revocations = revocations;
    this.#nextIndex = nextIndex;
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_EVERY_MS).unref();
  }

  /** What came of the tombstone that was just written. Never rejects: what can't be read now is announced later. */
  async announce(id: Uint8Array): Promise<Eviction> {
    try {
      // A look that began before the tombstone was written may not have seen it.
      const before = await this.#turn.catch(() => undefined);
      const announced = before?.get(idToHex(id)) ?? (await this.#look()).get(idToHex(id));
      return (await announced) ?? nobody;
    } catch {
      return nobody;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** One at a time. */
  #look(): Promise<ReadonlyMap<string, Promise<Eviction>>> {
    const turn = this.#turn.catch(() => undefined).then(() => this.#revokeNew());
    this.#turn = turn;
    turn.then(
      () => (this.#hasFailed = false),
      (error: unknown) => {
        if (!this.#hasFailed) this.#parts.log.warn("new tombstones could not be read", { error });
        this.#hasFailed = true;
      },
    );
    return turn;
  }

  async #revokeNew(): Promise<ReadonlyMap<string, Promise<Eviction>>> {
    const announced = new Map<string, Promise<Eviction>>();
    for (;;) {
      const tombstones = await readTombstones(this.#parts.db, this.#nextIndex, AT_ONCE);
      for (const tombstone of tombstones) {
        const { tenantId, destroyed, reason } = tombstone;
        // A lease never passes its bucket's end, so only an early erasure leaves one running.
        if (reason !== "erased" || destroyed.kind !== "conversation") continue;
        const id = tombstoneId(tombstone);
        const { conversationId } = destroyed;
        announced.set(idToHex(id), this.#revocations.revoke({ id, tenantId, conversationId }));
      }
      this.#nextIndex += tombstones.length;
      if (tombstones.length < AT_ONCE) return announced;
    }
  }
}
