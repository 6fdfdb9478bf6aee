/** A steady pace, whatever goes on between two beats. */
export interface Beat {
  /** Calls back once a period until the answer is called. */
  every(periodMs: number, onBeat: () => void): () => void;
}

interface Pace {
  readonly timer: NodeJS.Timeout;
  readonly followers: Set<() => void>;
}

/** One timer for everything that has the same period: all streams of this process send their cells at the same moments. */
export class TimerBeat implements Beat {
  readonly #paces = new Map<number, Pace>();

  every(periodMs: number, onBeat: () => void): () => void {
    const pace = this.#paces.get(periodMs) ?? this.#start(periodMs);
    // A wrapper: two followers may pass the same function.
    const follower = (): void => onBeat();
    pace.followers.add(follower);
    return () => {
      pace.followers.delete(follower);
      if (pace.followers.size > 0 || this.#paces.get(periodMs) !== pace) return;
      clearInterval(pace.timer);
      this.#paces.delete(periodMs);
    };
  }

  #start(periodMs: number): Pace {
    const followers = new Set<() => void>();
    const timer = setInterval(() => {
      for (const follower of followers) follower();
    }, periodMs);
    const pace = { timer, followers };
    this.#paces.set(periodMs, pace);
    return pace;
  }
}
