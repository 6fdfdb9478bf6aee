import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const ENTER_BY_ANYBODY = 0o001;

/**
 * The outermost folder on the way to a path that other users of this machine can't enter; undefined when there is none.
 * A server of root's runs as another user.
 */
export function closedFolder(path: string): string | undefined {
  const folder = resolve(path);
  const parent = dirname(folder);
  const above = parent === folder ? undefined : closedFolder(parent);
  if (above !== undefined) return above;
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
  return mode === undefined || (mode & ENTER_BY_ANYBODY) !== 0 ? undefined : folder;
}
