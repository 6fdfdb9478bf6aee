import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { execFileSync, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { readFile, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, prepareDataFolder } from "@cloister/testing";
import { buildCli, ended, runCli, runCliWithInput, startCli, type Ended } from "./spawned-cli.ts";

// A whole system starts on a disk of its own, on machines that may be busy.
jest.setTimeout(120_000);

const scratch = mkdtempSync(join(tmpdir(), "cloister-full-disk-"));
const disk = join(scratch, "disk");

const noDisk = "a small file system can't be mounted here, which needs root";

/** A file system of its own, which only root may make. */
function mounted(): boolean {
  try {
    execFileSync("mkdir", [disk]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(`SKIPPED a full disk: ${noDisk}\n`);
    return false;
  }
}

const isMounted = mounted();

(isMounted ? describe : describe.skip)(`a system whose disk${isMounted ? "" : ` (skipped: ${noDisk})`}`, () => {
  let server: ChildProcess;
  let served: Promise<Ended>;
  const filling = join(disk, "filling");
  const data = ["--data", join(disk, "data")];
  const ask = () => runCliWithInput(scratch, "Hello?\n", "chat", "--json", "--tenant", "tenant", ...data);

  beforeAll(async () => {
    await buildCli();
    await prepareDataFolder(join(disk, "data"));
    server = startCli(scratch, "serve", ...data, "--port", "0", "--json");
    served = ended(server);
    await eventually(() => readFile(join(disk, "data/running.json")), { timeoutMs: 90_000, everyMs: 50 });
    await runCli(scratch, "tenant", "init", "--out", "tenant");
    await runCli(scratch, "policy", "sign", "--tenant", "tenant", "--development", ...data);
    await runCli(scratch, "policy", "apply", "tenant/policy-1.note", "--tenant", "tenant", ...data, "--yes");
  });
  afterAll(async () => {
    server.kill("SIGKILL");
    await served;
    execFileSync("umount", ["--lazy", disk]);
    await rm(scratch, { recursive: true, force: true });
  });

  it("is full refuses what it can't keep, stays up, and goes on where there is room again", async () => {
    expect(await ask()).toMatchObject({ exitCode: 0, stderr: "" });

    const { bavail, bsize } = await statfs(disk);
    execFileSync("fallocate", ["-l", String(bavail * bsize), filling]);
    const refused = await ask();
    expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toMatch(/^cloister: [A-Z_]+: [^\n]+\n$/);
    const { stdout } = await runCli(scratch, "doctor", ...data, "--json");
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ check: "disk", result: "warning" }));

    await rm(filling);
    expect(await ask()).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("became read-only doesn't start, and says where", async () => {
    server.kill("SIGTERM");
    await served;
    execFileSync("mount", ["-o", "remount,ro", disk]);
    const { exitCode, stderr } = await runCli(scratch, "serve", ...data, "--port", "0");
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^cloister: DATA_FOLDER_UNUSABLE: [^\n]*disk[^\n]+\n$/),
    ]);
  });
});
