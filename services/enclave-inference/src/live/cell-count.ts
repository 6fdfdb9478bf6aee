const fewestCells = 8;

/**
 * The number of cells that a stream of at least `cells` is filled up to: 8, then four steps for each doubling (8, 10, 12,
 * 14, 16, 20, 24 …), at most a quarter more. An observer counts these; idle cells look like the others.
 */
export function roundedCellCount(cells: number): number {
  if (cells <= fewestCells) return fewestCells;
  const step = 2 ** (31 - Math.clz32(cells) - 2);
  return Math.ceil(cells / step) * step;
}
