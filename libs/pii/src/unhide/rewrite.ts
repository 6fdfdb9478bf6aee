import type { Window } from "../detectors/windows.ts";
import type { NormalizedText } from "../normalize.ts";

/** A part of a text and what is read in its place; nothing where it only separates. */
export interface Reading {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text as it is read, and the places in it that are not as they were written. */
export interface Rewritten extends NormalizedText {
  /** Whether anything in this range of the rewritten text, or at a border of it, was read otherwise than written. */
  isReread(start: number, end: number): boolean;
  /** The places of the rewritten text that are not as they were written, in order. */
  rereadPlaces(): Iterable<Window>;
}

/** A part of the text, and where and how long it is in the rewritten one. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly length: number;
  readonly isAsWritten: boolean;
}

/** Puts the readings into the text. Where two overlap, the one that begins first counts. */
export function rewrite(text: string, readings: readonly Reading[]): Rewritten {
  const pieces: Piece[] = [];
  let rewritten = "";
  let copied = 0;
  const push = (start: number, end: number, read: string, isAsWritten: boolean): void => {
    pieces.push({ start, end, at: rewritten.length, length: read.length, isAsWritten });
    rewritten += read;
  };
  const copyUpTo = (end: number): void => {
    if (end > copied) push(copied, end, text.slice(copied, end), true);
  };
  for (const reading of [...readings].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (reading.start < copied) continue;
    copyUpTo(reading.start);
    push(reading.start, reading.end, reading.text, false);
    copied = reading.end;
  }
  copyUpTo(text.length);

  /** The last piece that begins at or before the offset and holds some text. */
  const pieceAt = (offset: number): number => {
    let low = 0;
    let high = pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pieces[middle]?.at ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    text: rewritten,
    toOriginal(start, end) {
      const first = pieces[pieceAt(start)];
      const last = pieces[pieceAt(end > start ? end - 1 : start)];
      if (first === undefined || last === undefined) return { start: text.length, end: text.length };
      return {
        start: first.isAsWritten ? first.start + (start - first.at) : first.start,
        end: last.isAsWritten ? last.start + (end - last.at) : last.end,
      };
    },
    *rereadPlaces() {
      for (const { at, length, isAsWritten } of pieces) if (!isAsWritten) yield { start: at, end: at + length };
    },
    isReread: (start, end) =>
      pieces.slice(pieceAt(Math.max(0, start - 1)), pieceAt(end) + 1).some((piece) => !piece.isAsWritten),
  };
}
