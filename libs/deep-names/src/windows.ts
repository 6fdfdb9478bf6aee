/** Words [from, to) are read together; the answers for [keptFrom, keptTo) count. */
export interface WordWindow {
  readonly from: number;
  readonly to: number;
  readonly keptFrom: number;
  readonly keptTo: number;
}

/**
 * Cuts a text into windows of at most `most` tokens that share up to `shared` tokens with the next. Each word's answer
 * is taken from the window in which it stands further from the border. `lengths` are the words' tokens, none over `most`.
 */
export function windowsOf(lengths: readonly number[], most: number, shared: number): WordWindow[] {
  const reaches: { from: number; to: number }[] = [];
  for (let from = 0; from < lengths.length;) {
    const to = endOf(lengths, from, most);
    reaches.push({ from, to });
    if (to === lengths.length) break;
    let next = to;
    for (let tokens = 0; next - 1 > from; next--) {
      tokens += lengths[next - 1] ?? 0;
      if (tokens > shared) break;
    }
    from = next;
  }
  return reaches.map(({ from, to }, at) => ({
    from,
    to,
    keptFrom: middle(from, reaches[at - 1]?.to ?? from),
    keptTo: middle(reaches[at + 1]?.from ?? to, to),
  }));
}

function endOf(lengths: readonly number[], from: number, most: number): number {
  let to = from;
  for (let tokens = 0; to < lengths.length; to++) {
    tokens += lengths[to] ?? 0;
    if (tokens > most) break;
  }
  return Math.max(to, from + 1);
}

const middle = (from: number, to: number): number => (from + to) >> 1;
