import { leakScan, type MapEntry, type PlaceholderMemory, redact, type RedactOptions, type Span } from "@cloister/pii";

/** A message's text and title, "" for a chat message, with what was found in them. */
export interface FoundTexts {
  readonly text: string;
  readonly title: string;
  readonly inText: readonly Span[];
  readonly inTitle: readonly Span[];
}

export interface RedactedTexts {
  readonly text: string;
  readonly title: string;
  /** The entries that these texts brought. */
  readonly entries: readonly MapEntry[];
  readonly memory: PlaceholderMemory;
  /** Whether a value of the conversation's map still stands in one of them: neither may be passed on. */
  readonly isLeaking: boolean;
}

/** Writes what the options say where personal data stood, in both texts, and looks once more for what is known. */
export function redactTexts(found: FoundTexts, memory: PlaceholderMemory, options: RedactOptions): RedactedTexts {
  // A name may be seen as one in the title alone, or in the text alone, and has to go from both.
  const first = redact(found.title, found.inTitle, memory, options);
  const body = redact(found.text, found.inText, first.memory, options);
  const head = redact(found.title, found.inTitle, body.memory, options);
  const known = head.memory.entries();
  return {
    text: body.text,
    title: head.text,
    entries: [...first.placeholders, ...body.placeholders, ...head.placeholders],
    memory: head.memory,
    isLeaking: isLeaking([body.text, head.text], known),
  };
}

/** The last look before anything is passed on: whether a value of the conversation's map stands in these texts. */
export function isLeaking(texts: readonly string[], entries: readonly MapEntry[]): boolean {
  return texts.some((text) => leakScan(text, entries).length > 0);
}
