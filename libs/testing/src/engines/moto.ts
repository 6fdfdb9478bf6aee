import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine } from "./engine-process.ts";
import { freePort } from "./free-port.ts";
import { missingForPython, pythonPackages } from "./python-packages.ts";

const VERSION = "5.2.5";
/** What moto's server imports for KMS; its own extra `server` brings four times as much. */
const PACKAGES = [`moto==${VERSION}`, "flask==3.1.3", "flask-cors==6.0.5"];

export interface RunningMoto {
  /** Of all services of AWS, in every region. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts moto, which imitates AWS, on a free port of loopback. Any credential will do. */
export async function startMoto(): Promise<RunningMoto> {
  const packages = await pythonPackages(`moto-${VERSION}`, PACKAGES, { withDependencies: true });
  const folder = await mkdtemp(join(tmpdir(), "cloister-moto-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const control = await startEngine({
    name: "moto",
    program: "python3",
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    environment: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "" },
    logFile: join(folder, "moto.log"),
    isReady: () => answers(url),
  });
  return {
    url,
    async stop() {
      await control.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Why `startMoto` would fail, with what to install; undefined when it won't. */
export function missingMoto(): string | undefined {
  return missingForPython("moto");
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}
