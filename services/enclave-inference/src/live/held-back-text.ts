/**
 * So many characters must follow before text is shown. What the guard takes out is decided by less: a detector looks 60
 * characters back and 24 ahead, and no number or account that it knows, spelt out or not, takes the rest.
 */
const lookAheadCharacters = 128;
/** How much has to come before the guard is asked again; more for a long text, so that all of it costs a few passes. */
const stepCharacters = 32;
const stepShare = 1 / 16;

interface GuardedPrefix {
  readonly characters: number;
  readonly text: string;
}

/**
 * What of a growing answer may be shown before it is whole. Each text that it gives out stood at the same place after the
 * guard had seen it twice, the second time with at least 128 characters more behind it. So it is always the beginning of
 * something that the guard let through; should the guard change its mind later, nothing more is given out.
 */
export class HeldBackText {
  readonly #guard: (text: string) => string;
  #raw = "";
  #released = "";
  #isCut = false;
  /** Oldest first; the first is the newest one that enough text follows. */
  #guarded: GuardedPrefix[] = [];

  /** @param guard what may leave the enclave of a text, without an end mark for a text of nothing */
  constructor(guard: (text: string) => string) {
    this.#guard = guard;
  }

  push(text: string): void {
    this.#raw += text;
  }

  /** What may be shown now and could not before; empty if nothing. At most one pass of the guard. */
  release(): string {
    const characters = this.#raw.length;
    const known = this.#guarded.at(-1)?.characters ?? 0;
    if (this.#isCut || characters < known + Math.max(stepCharacters, known * stepShare)) return "";
    const text = this.#guard(this.#raw);
    this.#guarded.push({ characters, text });
    const settled = this.#guarded.findLastIndex((prefix) => prefix.characters <= characters - lookAheadCharacters);
    if (settled < 0) return "";
    this.#guarded = this.#guarded.slice(settled);
    return this.#give(wholeWords(commonBeginning(this.#guarded[0]?.text ?? "", text)), text);
  }

  /** The rest of the final answer, as the guard left it; empty if that is not what was shown. */
  finish(finalText: string): string {
    const rest = finalText.startsWith(this.#released) ? finalText.slice(this.#released.length) : "";
    this.#isCut = true;
    this.#raw = "";
    this.#guarded = [];
    return rest;
  }

  #give(agreed: string, guarded: string): string {
    this.#isCut = !guarded.startsWith(this.#released);
    if (this.#isCut || agreed.length <= this.#released.length) return "";
    const piece = agreed.slice(this.#released.length);
    this.#released = agreed;
    return piece;
  }
}

function commonBeginning(one: string, other: string): string {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return one.slice(0, length);
}

/**
 * Without the last word, which may be an address or a key that goes on, and the blanks before it; in time that grows with
 * what is left out alone.
 */
function wholeWords(text: string): string {
  let end = text.length;
  while (end > 0 && isInWord(text, end - 1)) end -= 1;
  while (end > 0 && isBlank(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** True for printable ASCII, and for half a character whose other half is to come. Behind `at` there is no low half. */
function isInWord(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit >= 0x21 && unit <= 0x7e) return true;
  const isPair = isLowHalf(unit) && at > 0 && isHighHalf(text.charCodeAt(at - 1));
  return (isHighHalf(unit) || isLowHalf(unit)) && !isPair;
}

const isHighHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLowHalf = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
const isBlank = (character: string): boolean => /^\s$/u.test(character);
