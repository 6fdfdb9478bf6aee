import { randomBytes, timingSafeEqual } from "node:crypto";
import { idToHex } from "@cloister/envelope";
import type { Clock } from "@cloister/service";
import { KeysError } from "../errors.ts";

/** From the evidence to what is delivered on it; a person may stand between. */
const CHALLENGE_MS = 5 * 60_000;
const MAX_CHALLENGES = 1_024;

interface Challenge {
  readonly challenge: Uint8Array;
  readonly expiresAtMs: number;
}

/** What this process gave to whoever wants to deliver something to it: each good for one delivery, for some minutes. */
export class Challenges {
  readonly #clock: Clock;
  readonly #given = new Map<string, Challenge>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** 32 bytes. */
  give(): Uint8Array {
    const [nowMs, challenge] = [this.#clock.nowMs(), randomBytes(32)];
    this.#makeRoom(nowMs);
    this.#given.set(idToHex(challenge), { challenge, expiresAtMs: nowMs + CHALLENGE_MS });
    return challenge;
  }

  /** @throws KeysError REQUEST_EXPIRED for one of another start of keys, and for one that comes twice or too late */
  use(challenge: Uint8Array): void {
    const known = this.#given.get(idToHex(challenge));
    const isOurs = known !== undefined && timingSafeEqual(known.challenge, challenge);
    this.#given.delete(idToHex(challenge));
    if (isOurs && this.#clock.nowMs() < known.expiresAtMs) return;
    throw new KeysError("REQUEST_EXPIRED", "A delivery was meant for another start of keys, came twice or too late.");
  }

  #makeRoom(nowMs: number): void {
    for (const [id, { expiresAtMs }] of this.#given) if (nowMs >= expiresAtMs) this.#given.delete(id);
    const [oldest] = this.#given.keys();
    if (this.#given.size >= MAX_CHALLENGES && oldest !== undefined) this.#given.delete(oldest);
  }
}
