import { PiiError } from "../errors.ts";
import { formatPlaceholder, parsePlaceholder } from "./grammar.ts";
import { type KnownValue, valueKey } from "./known-values.ts";
import type { MapEntry } from "./map-entry.ts";
import { nameWords } from "./name-parts.ts";
import { wordsOf } from "./words.ts";

/**
 * The highest number given so far: under a type ("PERSON") for its subjects, under a subject ("PERSON_1") for its
 * spellings where there are several. They outlive the entries, so that no number is used again.
 */
export type PlaceholderCounters = Readonly<Record<string, number>>;

/** What a conversation knows: which placeholder stands for which value. Never changes; `assign` gives a new one. */
export class PlaceholderMemory {
  readonly #entries: ReadonlyMap<string, MapEntry>;
  readonly #counters: PlaceholderCounters;

  private constructor(entries: ReadonlyMap<string, MapEntry>, counters: PlaceholderCounters) {
    this.#entries = entries;
    this.#counters = counters;
  }

  static empty(): PlaceholderMemory {
    return new PlaceholderMemory(new Map(), {});
  }

  /**
   * The memory of a conversation from what was stored: its live entries and its counters. Counters that lag behind
   * the entries are raised. Throws BAD_ENTRY for an entry whose placeholder has not the form of one.
   */
  static from(entries: Iterable<MapEntry>, counters: PlaceholderCounters = {}): PlaceholderMemory {
    const raised: Record<string, number> = { ...counters };
    const byPlaceholder = new Map<string, MapEntry>();
    for (const entry of entries) {
      const parts = parsePlaceholder(entry.placeholder);
      if (parts === undefined || parts.type !== entry.type) {
        throw new PiiError("BAD_ENTRY", "a stored map entry has a placeholder that this library did not write");
      }
      raise(raised, parts.type, parts.subject);
      if (parts.variant > 1) raise(raised, subjectName(parts.type, parts.subject), parts.variant);
      byPlaceholder.set(entry.placeholder, entry);
    }
    return new PlaceholderMemory(byPlaceholder, raised);
  }

  entries(): MapEntry[] {
    return [...this.#entries.values()];
  }

  /** To be stored beside the entries. Counters of spellings are left out once nothing of their subject is left. */
  counters(): PlaceholderCounters {
    const live = new Set<string>();
    for (const placeholder of this.#entries.keys()) {
      const parts = parsePlaceholder(placeholder);
      if (parts !== undefined) live.add(subjectName(parts.type, parts.subject));
    }
    return Object.fromEntries(Object.entries(this.#counters).filter(([name]) => !/\d$/.test(name) || live.has(name)));
  }

  /** Everything known, to be looked for in a text; the label is the placeholder. */
  knownValues(): KnownValue[] {
    return this.entries()
      .filter((entry) => entry.type !== literalType)
      .map(({ value, type, placeholder }) => ({ value, type, label: placeholder }));
  }

  /**
   * Gives each value its placeholder, in the order given: known ones keep theirs, others get the next number. A value
   * that was withheld from readers until now gets another one when it is to be read back.
   */
  assign(values: readonly AssignedValue[], expiresAtMs: number): Assignment {
    const book = new Book(this.#entries, this.#counters);
    const placeholders = values.map((value) => book.placeholderFor(value, expiresAtMs));
    return { placeholders, added: book.added, memory: new PlaceholderMemory(book.entries, book.counters) };
  }
}

export interface AssignedValue {
  readonly type: string;
  readonly value: string;
  /** Whether the placeholder is kept to recognize the value only, and stands in no text. */
  readonly isWithheld?: boolean;
}

export interface Assignment {
  /** One for each value given. */
  readonly placeholders: string[];
  readonly added: MapEntry[];
  readonly memory: PlaceholderMemory;
}

/** The type of a placeholder that the user typed, which is hidden behind one of our own. */
export const literalType = "LITERAL";

const mostBearers = 64;

/** The working copy behind `assign`. */
class Book {
  readonly entries: Map<string, MapEntry>;
  readonly counters: Record<string, number>;
  readonly added: MapEntry[] = [];
  readonly #bySpelling = new Map<string, MapEntry>();
  readonly #byKey = new Map<string, number>();
  /** For each word of a person's name, the persons who bear it. */
  readonly #bearers = new Map<string, Set<number>>();
  readonly #names = new Map<number, Set<string>>();

  constructor(entries: ReadonlyMap<string, MapEntry>, counters: PlaceholderCounters) {
    this.entries = new Map(entries);
    this.counters = { ...counters };
    for (const entry of entries.values()) {
      this.#index(entry, keyOf(entry.type, entry.value), parsePlaceholder(entry.placeholder)?.subject ?? 0);
    }
  }

  placeholderFor({ type, value, isWithheld = false }: AssignedValue, expiresAtMs: number): string {
    const known = this.#bySpelling.get(spelling(type, value));
    if (known !== undefined && (isWithheld || known.isWithheld !== true)) return known.placeholder;
    const key = keyOf(type, value);
    const subject = this.#subjectOf(type, value, key);
    const placeholder =
      subject === undefined
        ? formatPlaceholder({ type, subject: this.#next(type), variant: 1 })
        : formatPlaceholder({ type, subject, variant: this.#nextVariant(type, subject) });
    const entry: MapEntry = { placeholder, type, value, expiresAtMs, ...(isWithheld && { isWithheld }) };
    this.entries.set(placeholder, entry);
    this.added.push(entry);
    this.#index(entry, key, parsePlaceholder(placeholder)?.subject ?? 0);
    return placeholder;
  }

  #subjectOf(type: string, value: string, key: string): number | undefined {
    if (type === literalType) return undefined;
    return this.#byKey.get(key) ?? (type === "PERSON" ? this.#bearerOf(value) : undefined);
  }

  /** The one person whose name holds this one or is held by it; undefined if nobody is, or several are. */
  #bearerOf(value: string): number | undefined {
    const words = wordsOfName(value);
    const candidates = new Set(words.flatMap((word) => this.#bearersOf(word)));
    const fitting = [...candidates].filter((subject) => {
      const name = this.#names.get(subject) ?? new Set<string>();
      return words.every((word) => holds(name, word)) || [...name].every((word) => holds(new Set(words), word));
    });
    return fitting.length === 1 ? fitting[0] : undefined;
  }

  /** None where so many bear it that it tells nobody from the others; a text of such names would take too long. */
  #bearersOf(word: string): number[] {
    const bearers = this.#bearers.get(word);
    return bearers === undefined || bearers.size > mostBearers ? [] : [...bearers];
  }

  #index(entry: MapEntry, key: string, subject: number): void {
    const sameSpelling = this.#bySpelling.get(spelling(entry.type, entry.value));
    if (sameSpelling === undefined || sameSpelling.isWithheld === true) {
      this.#bySpelling.set(spelling(entry.type, entry.value), entry);
    }
    if (entry.type === literalType) return;
    if (!this.#byKey.has(key)) this.#byKey.set(key, subject);
    if (entry.type !== "PERSON") return;
    const name = this.#names.get(subject) ?? new Set<string>();
    this.#names.set(subject, name);
    for (const word of wordsOfName(entry.value)) {
      name.add(word);
      const bearers = this.#bearers.get(word) ?? new Set<number>();
      this.#bearers.set(word, bearers.add(subject));
    }
  }

  #next(type: string): number {
    const next = (this.counters[type] ?? 0) + 1;
    this.counters[type] = next;
    return next;
  }

  #nextVariant(type: string, subject: number): number {
    const name = subjectName(type, subject);
    const next = Math.max(this.counters[name] ?? 1, 1) + 1;
    this.counters[name] = next;
    return next;
  }
}

/** A word of the name, or an initial for one. */
function holds(name: ReadonlySet<string>, word: string): boolean {
  return name.has(word) || (word.length === 1 && [...name].some((other) => other.startsWith(word)));
}

function wordsOfName(value: string): string[] {
  return nameWords(wordsOf(value).words.map((word) => word.folded));
}

function subjectName(type: string, subject: number): string {
  return `${type}_${subject}`;
}

function spelling(type: string, value: string): string {
  return `${type}\0${value}`;
}

function keyOf(type: string, value: string): string {
  return `${type}\0${valueKey({ type, value })}`;
}

function raise(counters: Record<string, number>, name: string, atLeast: number): void {
  counters[name] = Math.max(counters[name] ?? 0, atLeast);
}
