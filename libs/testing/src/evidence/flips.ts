/** Each byte changed, one at a time, by one of its bits or by all of them. */
export function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (const position of bytes.keys()) {
    const changed = bytes.slice();
    changed[position] = (changed[position] ?? 0) ^ (position % 2 === 0 ? 1 << ((position / 2) % 8) : 0xff);
    yield changed;
  }
}

/** Runs a check on each, `atOnce` of them at a time, and counts the outcomes. */
export async function countOutcomes(
  inputs: Iterable<Uint8Array>,
  check: (input: Uint8Array) => Promise<string>,
  atOnce = 8,
): Promise<Readonly<Record<string, number>>> {
  const outcomes: Record<string, number> = {};
  const iterator = inputs[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const outcome = await check(next.value);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}
