/** A part of a text; end exclusive. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** The places, each with so much around it, those that touch each other as one. The places are in order. */
export function windowsAround(places: Iterable<Window>, around: number, textLength: number): Window[] {
  const found: { start: number; end: number }[] = [];
  for (const place of places) {
    const start = Math.max(0, place.start - around);
    const end = Math.min(textLength, place.end + around);
    const last = found.at(-1);
    if (last === undefined || start > last.end) found.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return found;
}

/** Runs of ASCII digits, to which every digit of a normalized text belongs. */
export function* digitRuns(text: string): Generator<Window> {
  for (let at = 0; at < text.length; at++) {
    if (!isDigit(text, at)) continue;
    const start = at;
    while (isDigit(text, at)) at++;
    yield { start, end: at };
  }
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}
