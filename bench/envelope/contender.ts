/** One way to seal and open, measured like all others. `sealed` is whatever its `open` wants back. */
export interface Contender<Sealed = unknown> {
  readonly name: string;
  readonly group: "wrap" | "kem" | "signed";
  /** Which contender counts as 1.0 in the ratio columns. */
  readonly isFloor?: true;
  seal(payload: Uint8Array): Sealed | Promise<Sealed>;
  open(sealed: Sealed): unknown;
  /** Bytes that a record of this sealed payload has. */
  size(sealed: Sealed): number;
}

/** The same contender with its own type forgotten, so that lists can hold all of them. */
export function contender<Sealed>(implementation: Contender<Sealed>): Contender {
  return {
    ...implementation,
    // What `measure` hands back is what this contender's own `seal` gave.
    open: (sealed) => implementation.open(sealed as Sealed),
    size: (sealed) => implementation.size(sealed as Sealed),
  };
}
