import { hash } from "node:crypto";
import { isPlanOutdated, isSessionForeign } from "./outage.ts";

/** A statement asked so often is worth being prepared at each connection. */
const USES = 8;
/** Each keeps a plan at each connection of the pool; what comes after these is planned each time. */
const MOST_NAMES = 128;
/** A longer one has the rows of a large batch in it: planning it is little beside its work, and its plan is large. */
const MOST_CHARACTERS = 4_096;
/** Statements under observation; beyond, counting begins anew. */
const MOST_COUNTED = 1_024;

/** Names the statements of a pool that come again and again, so that the server parses and plans them once. */
export class StatementNames {
  readonly #uses = new Map<string, number>();
  readonly #names = new Map<string, string>();
  #generation = 0;
  #isOff = false;

  /** Undefined for a statement that is to be planned by itself. */
  nameOf(text: string): string | undefined {
    if (this.#isOff || text.length > MOST_CHARACTERS) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MOST_NAMES) return known;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < USES) {
      if (this.#uses.size >= MOST_COUNTED) this.#uses.clear();
      this.#uses.set(text, uses);
      return undefined;
    }
    this.#uses.delete(text);
    // By its text, so that it never means another statement, whoever prepared it at a session that a pooler shares.
    const name = `cloister_${this.#generation}_${hash("sha256", text).slice(0, 32)}`;
    this.#names.set(text, name);
    return name;
  }

  /** Told of a named statement's failure. If the name was to blame, the statement may be asked again. */
  failed(error: unknown): void {
    if (isSessionForeign(error)) this.#isOff = true;
    if (!isPlanOutdated(error)) return;
    // They are prepared again, under new names.
    this.#names.clear();
    this.#generation += 1;
  }
}
