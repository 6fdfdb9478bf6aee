import { execFile, fork, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { describeOnPostgres, eventually } from "@cloister/testing";
import { freePort } from "@cloister/testing/engines";
import { writeServiceBundle } from "../../scripts/image/bundle.ts";
import { writePackageTree } from "../../scripts/image/tree.ts";
import { developmentBuild } from "../../scripts/stack/development-build.ts";
import { serviceNames } from "../../scripts/stack/layout.ts";

// The command's packages are a hundred megabytes.
jest.setTimeout(120_000);

const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-images-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function treeOf(workspace: string): Promise<string> {
  const tree = join(folder, workspace);
  if (existsSync(tree)) return tree;
  if (workspace === "cli") writePackageTree([workspace], tree);
  else await writeServiceBundle(workspace, tree, { build: "development" });
  return tree;
}

describe("what an image holds", () => {
  it.each(serviceNames)("%s starts from it, and asks for its settings", async (name) => {
    const tree = await treeOf(`services/${name}`);
    const started = run(process.execPath, [`services/${name}/dist/main.js`], { cwd: tree, env: {} });
    await expect(started).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/: CONFIG_INVALID: /u) });
  });

  it("a service's is its bundle, licences, and few packages: no sources, no tools", async () => {
    const tree = await treeOf("services/ingest");
    expect(readdirSync(tree).sort()).toEqual(["node_modules", "services"]);
    expect(readdirSync(join(tree, "services/ingest")).sort()).toEqual(["dist", "licenses", "package.json"]);
    const packages = globSync("node_modules/{@*/*,[!@]*}", { cwd: tree }).filter((path) => !path.includes("crc32"));
    expect(packages.sort()).toEqual(["node_modules/kafkajs", "node_modules/reflect-metadata"]);
  });

  it("of keys has the process beside it that an HSM's library runs in", async () => {
    const hsm = fork(join(await treeOf("services/keys"), "services/keys/dist/hsm-process.js"), { stdio: "ignore" });
    const missing = { operation: "open", sdk: "pkcs11js", module: "/nowhere.so", pin: "1234" };
    hsm.send({ id: 1, request: missing });
    const [answer] = (await once(hsm, "message")) as [unknown];
    expect(answer).toMatchObject({ id: 1, refusal: "KMS_SDK_MISSING" });
    hsm.disconnect();
    expect(await once(hsm, "exit")).toEqual([0, null]);
  });

  it("the command's holds no sources and no tools", async () => {
    const tree = await treeOf("cli");
    const tools = ["typescript", "jest", "eslint", "@jest/globals", "@cloister/testing", "testcontainers", "node"];
    expect(tools.filter((name) => existsSync(join(tree, "node_modules", name)))).toEqual([]);
    expect(globSync("{libs,services}/*/{src,test}", { cwd: tree })).toEqual([]);
  });

  it("the command runs from it", async () => {
    const { stdout } = await run(process.execPath, ["cli/dist/main.js", "--version"], { cwd: await treeOf("cli") });
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
      cwd: await treeOf("services/keys"),
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
