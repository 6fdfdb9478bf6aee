import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool, startEngine } from "./engine-process.ts";
import { freePort } from "./free-port.ts";

/** One minor version below the client's at most, so that it takes all that the client says. */
const IMAGE = "qdrant/qdrant:v1.18.0";

export interface RunningQdrant {
  /** Of its REST API. */
  readonly url: string;
  /** Where its segments lie; undefined when it was given by URL. */
  readonly dataFolder: string | undefined;
  stop(): Promise<void>;
}

/** The server that CLOISTER_TEST_QDRANT_URL names, which must be there for tests alone, else a container where Docker runs. */
export async function startQdrant(): Promise<RunningQdrant> {
  const url = process.env["CLOISTER_TEST_QDRANT_URL"] || undefined;
  return url === undefined ? startContainer() : { url, dataFolder: undefined, stop: () => Promise.resolve() };
}

/** Why `startQdrant` would fail; undefined when it won't. No system's packages have Qdrant. */
export function missingQdrant(): string | undefined {
  if (process.env["CLOISTER_TEST_QDRANT_URL"]) return undefined;
  try {
    execFileSync("docker", ["info"], { stdio: "ignore", timeout: 10_000 });
    return undefined;
  } catch {
    return "the real Qdrant was NOT tested: CLOISTER_TEST_QDRANT_URL names none, and no Docker runs to start one";
  }
}

async function startContainer(): Promise<RunningQdrant> {
  const dataFolder = await mkdtemp(join(tmpdir(), "cloister-qdrant-"));
  const name = `cloister-qdrant-${randomBytes(6).toString("hex")}`;
  const url = `http://127.0.0.1:${await freePort()}`;
  const control = await startEngine({
    name: "Qdrant",
    program: "docker",
    args: [
      "run",
      "--rm",
      "--name",
      name,
      "-p",
      `${new URL(url).host}:6333`,
      "-v",
      `${dataFolder}:/qdrant/storage`,
      IMAGE,
    ],
    logFile: join(dataFolder, "qdrant.log"),
    isReady: () => answers(url),
    timeoutMs: 180_000,
  });
  return {
    url,
    dataFolder,
    async stop() {
      await runTool("docker", ["rm", "--force", name]);
      await control.kill();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
