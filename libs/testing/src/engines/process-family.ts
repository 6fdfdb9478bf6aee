import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Sends a signal to a process and to its children, the parent first, so that it makes no more of them meanwhile. Those of
 * PostgreSQL are in sessions of their own, out of a process group's reach.
 */
export function signalFamily(pid: number, signal: NodeJS.Signals): void {
  const children = signal === "SIGSTOP" ? undefined : childrenOf(pid);
  send(pid, signal);
  for (const child of children ?? childrenOf(pid)) send(child, signal);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function childrenOf(pid: number): number[] {
  try {
    return numbers(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
  } catch {
    // Not Linux: `ps` is in POSIX.
    const rows = execFileSync("ps", ["-A", "-o", "ppid=,pid="], { encoding: "utf8" }).split("\n").map(numbers);
    return rows.flatMap(([parent, child]) => (parent === pid && child !== undefined ? [child] : []));
  }
}

const numbers = (text: string): number[] => text.split(/\s+/).filter(Boolean).map(Number);
