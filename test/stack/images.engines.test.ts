import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { describeOnPostgres, eventually } from "@cloister/testing";
import { freePort } from "@cloister/testing/engines";
import { writeImageTree } from "../../scripts/image/tree.ts";
import { developmentBuild } from "../../scripts/stack/development-build.ts";
import { serviceNames } from "../../scripts/stack/layout.ts";

// Trees of a hundred megabytes are copied.
jest.setTimeout(120_000);

const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-images-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function treeOf(workspace: string): string {
  const tree = join(folder, workspace);
  if (!existsSync(tree)) writeImageTree([workspace], tree, "development");
  return tree;
}

describe("what an image holds", () => {
  it.each(serviceNames)("%s starts from it, and asks for its settings", async (name) => {
    const tree = treeOf(`services/${name}`);
    const started = run(process.execPath, [`services/${name}/dist/main.js`], { cwd: tree, env: {} });
    await expect(started).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/: CONFIG_INVALID: /u) });
  });

  it("neither sources of ours nor tools are among it", () => {
    const tree = treeOf("services/ingest");
    const tools = ["typescript", "jest", "eslint", "@jest/globals", "@cloister/testing", "node"];
    expect(tools.filter((name) => existsSync(join(tree, "node_modules", name)))).toEqual([]);
    expect(globSync("{libs,services}/*/{src,test}", { cwd: tree })).toEqual([]);
  });

  it("the command runs from it", async () => {
    const { stdout } = await run(process.execPath, ["cli/dist/main.js", "--version"], { cwd: treeOf("cli") });
    expect(stdout).toBe("0.1.0\n");
  });
});

describeOnPostgres("with a PostgreSQL", (url) => {
  let keys: ChildProcess;
  afterAll(() => {
    keys.kill("SIGKILL");
  });

  it("keys gets ready from what its image holds, and drains", async () => {
    const secret = async (name: string): Promise<string> => {
      const file = join(folder, name);
      await writeFile(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
      return file;
    };
    const port = await freePort();
    keys = spawn(process.execPath, [developmentBuild, "services/keys/dist/main.js"], {
      cwd: treeOf("services/keys"),
      stdio: "ignore",
      env: {
        CLOISTER_DATABASE_URL: url(),
        CLOISTER_MIGRATE: "apply",
        CLOISTER_KEYS_PORT: "0",
        CLOISTER_KEYS_HEALTH_PORT: String(port),
        CLOISTER_KEYS_AUTHORITY_TOKEN_FILE: await secret("authority"),
        CLOISTER_KEYS_RELEASE_TOKEN_FILE: await secret("release"),
        CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE: await secret("lifecycle"),
        CLOISTER_KEYS_KEYRING_FILE: join(folder, "keyring.json"),
        CLOISTER_SIMULATED_ROOT_FILE: join(folder, "simulated-root"),
      },
    });
    await eventually(
      async () => {
        expect((await fetch(`http://127.0.0.1:${port}/healthz/ready`)).status).toBe(200);
      },
      { timeoutMs: 60_000, everyMs: 100 },
    );
    const ended = once(keys, "exit");
    keys.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
