import { createHash } from "node:crypto";

const maxKnown = 10_000;

/** The tokens that came in lately. Only their digests are kept, and the longest known give way. */
export class KnownCallers {
  readonly #digests = new Set<string>();

  has(token: string): boolean {
    return this.#digests.has(digestOf(token));
  }

  remember(token: string): void {
    const digest = digestOf(token);
    this.#digests.delete(digest);
    const [oldest] = this.#digests;
    if (this.#digests.size >= maxKnown && oldest !== undefined) this.#digests.delete(oldest);
    this.#digests.add(digest);
  }

  forget(token: string): void {
    this.#digests.delete(digestOf(token));
  }
}

const digestOf = (token: string): string => createHash("sha256").update(token, "utf8").digest("base64");
