/** A beat that a test gives itself: nothing happens between two calls of `tick`. */
export class ManualBeat {
  readonly #followers = new Set<() => void>();

  /** How many streams are running. */
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
