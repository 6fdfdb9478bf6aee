import { execFileSync } from "node:child_process";

let isAnswering: boolean | undefined;

/** True when a Docker engine answers; asked once. */
export function hasDocker(): boolean {
  isAnswering ??= answersInfo();
  return isAnswering;
}

function answersInfo(): boolean {
  try {
    execFileSync("docker", ["info"], { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
