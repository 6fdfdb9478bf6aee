import type { Beat } from "../../src/live/beat.ts";

/** A beat that a test gives itself. */
export class ManualBeat implements Beat {
  readonly #followers = new Set<() => void>();

  get followers(): number {
    return this.#followers.size;
  }

  every(_periodMs: number, onBeat: () => void): () => void {
    const follower = (): void => onBeat();
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  tick(): void {
    for (const follower of [...this.#followers]) follower();
  }
}
