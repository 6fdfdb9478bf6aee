import type { Window } from "../detectors/windows.ts";

const run = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,4096}={0,2}(?![A-Za-z0-9+/_=-])/g;
const readable = /^[\t\n\r\x20-\x7E\u00A0-\uFFFF]+$/;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export interface Base64Text {
  /** All that was decoded, one after the other, parted by blank lines. */
  readonly text: string;
  /** The run of the original from which the place of the decoded text came. */
  runAt(offset: number): Window | undefined;
}

/** What runs of base64 (RFC 4648, both alphabets) say, where it is text; undefined where none does. */
export function base64Text(text: string): Base64Text | undefined {
  const runs: { readonly from: number; readonly window: Window }[] = [];
  let decodedText = "";
  for (const { 0: written, index } of text.matchAll(run)) {
    const decoded = decodedRun(written);
    if (decoded === undefined) continue;
    runs.push({ from: decodedText.length, window: { start: index, end: index + written.length } });
    decodedText += `${decoded}\n\n`;
  }
  if (runs.length === 0) return undefined;
  return {
    text: decodedText,
    runAt(offset) {
      let low = 0;
      let high = runs.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((runs[middle]?.from ?? 0) <= offset) low = middle + 1;
        else high = middle;
      }
      return runs[low - 1]?.window;
    },
  };
}

function decodedRun(written: string): string | undefined {
  // Words and paths are runs, too: what is encoded has capitals and small letters, or digits, or padding.
  if (!/\d|=|[a-z][A-Z]/.test(written)) return undefined;
  try {
    const binary = atob(written.replaceAll("-", "+").replaceAll("_", "/"));
    const isAscii = !/[^\t\n\r\x20-\x7E]/.test(binary);
    const decoded = isAscii ? binary : utf8.decode(Uint8Array.from(binary, (unit) => unit.charCodeAt(0)));
    return readable.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
