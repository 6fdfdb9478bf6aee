import Table from "cli-table3";

type Cell = string | number;

/** A table as lines: plain borders, no line between rows. */
export function tableLines(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const table = new Table({
    head: [...head],
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split("\n");
}
