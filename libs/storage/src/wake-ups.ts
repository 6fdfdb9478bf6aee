export type Unsubscribe = () => void;

/**
 * "Look again": hints without content that may be lost, doubled or merged, and are never the source of truth. Whoever
 * subscribes also looks by itself from time to time.
 */
export interface WakeUps {
  wake(channel: string): void;
  /** The listener is called in a turn of its own, never inside `wake`. */
  subscribe(channel: string, listener: () => void): Unsubscribe;
  close(): Promise<void>;
}
