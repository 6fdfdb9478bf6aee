import { inspect } from "node:util";

/** A value that must not reach a log by accident: every way of printing it shows a label only. */
abstract class Unprintable<T> {
  readonly #value: T;

  constructor(
    value: T,
    private readonly label: string,
  ) {
    this.#value = value;
  }

  /** The value itself; the only way to it. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return this.label;
  }

  toJSON(): string {
    return this.label;
  }

  [inspect.custom](): string {
    return this.label;
  }
}

/** Text of a user, a model or a passage. Prints `[plaintext]` through String, JSON and inspect. */
export class Plaintext extends Unprintable<string> {
  constructor(text: string) {
    super(text, "[plaintext]");
  }
}

/** A configured secret (password, token, key file's content). Prints `[secret]`. */
export class Secret<T = string> extends Unprintable<T> {
  constructor(value: T) {
    super(value, "[secret]");
  }
}
