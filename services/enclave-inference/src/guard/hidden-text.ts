import type { Guarded } from "./guard.ts";

/** Control characters but tab and line feed (terminal escapes), bidirectional overrides, and Unicode tags. */
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/** Removes characters that a reader can't see but a terminal or another program obeys. */
export function withoutHiddenText(answer: string): Guarded {
  const text = answer.replaceAll("\r\n", "\n").replace(hidden, "");
  const count = answer.replaceAll("\r\n", "\n").length - text.length;
  return { text, findings: count === 0 ? [] : [{ kind: "hidden_text", count }] };
}
