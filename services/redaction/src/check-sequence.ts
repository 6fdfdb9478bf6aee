import { RedactionError } from "./errors.ts";
import { judgeSequence, type SequenceWindow } from "./sequence-window.ts";

/** @throws RedactionError REPLAYED */
export function checkSequence(
  window: SequenceWindow,
  senderSeq: number,
): { readonly window: SequenceWindow; readonly missing: bigint } {
  const verdict = judgeSequence(window, BigInt(senderSeq));
  if (verdict.outcome === "accepted") return verdict;
  throw new RedactionError("REPLAYED", "A message with this sequence number was handled before.");
}
