import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { attestedRoles, evidenceFormats } from "@cloister/attestation";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { z } from "zod";
import { writeServiceBundle } from "../../scripts/image/bundle.ts";
import { developmentBuild } from "../../scripts/stack/development-build.ts";
import { serviceNames } from "../../scripts/stack/layout.ts";

jest.setTimeout(180_000);

const run = promisify(execFile);
const packagesSchema = z.array(z.object({ name: z.string(), version: z.string(), license: z.string() }));
const allowedLicenses = new Set([
  ...["Apache-2.0", "MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause"],
  ...["(Apache-2.0 AND BSD-3-Clause)", "MIT or MPL-2.0"],
]);
let folder: string;
let tree: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-production-"));
  tree = join(folder, "app");
  for (const name of serviceNames) await writeServiceBundle(`services/${name}`, tree, { build: "production" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the services are made of, with its text. */
function modules(): Map<string, string> {
  const paths = globSync("services/*/dist/*.js", { cwd: tree });
  return new Map(paths.map((path) => [path, readFileSync(join(tree, path), "utf8")]));
}

async function node(...args: readonly string[]) {
  const secret = join(folder, "secret");
  await writeFile(secret, randomBytes(32).toString("base64url"), { mode: 0o600 });
  const env = {
    CLOISTER_DATABASE_URL: "postgresql://nobody@127.0.0.1:1/nothing",
    CLOISTER_KEYS_URL: "https://127.0.0.1:1",
    CLOISTER_KEYS_AUTHORITY_TOKEN_FILE: secret,
    CLOISTER_KEYS_RELEASE_TOKEN_FILE: secret,
    CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE: secret,
    CLOISTER_KEYS_KEYRING_FILE: join(folder, "keyring.json"),
    CLOISTER_SIMULATED_ROOT_FILE: join(folder, "simulated-root"),
  };
  return run(process.execPath, args, { cwd: tree, env });
}

describe("the production build", () => {
  it("holds no file of simulated evidence", () => {
    const files = globSync("{services,node_modules/@cloister}/**/*{simulated,development}*", { cwd: tree });
    expect(files).toEqual([]);
  });

  it.each([
    ["what simulated evidence is signed as", "cloister/v1 simulated evidence"],
    ["what it measures", "cloister/v1 measurement"],
    ["its root", "SimulatedRoot"],
    ["its machine", "SimulatedMachine"],
    ["its source", "simulatedEvidenceSource"],
    ["its verifier", "simulatedVerifier"],
    ["its setting", "CLOISTER_SIMULATED"],
  ])("holds nowhere %s, which the development build does", (_what, text) => {
    const development = globSync("libs/{attestation,keyring}/dist/development/*.js").map((path) =>
      readFileSync(path, "utf8"),
    );
    expect(development.some((module) => module.includes(text))).toBe(true);
    expect([...modules()].flatMap(([path, module]) => (module.includes(text) ? [path] : []))).toEqual([]);
  });

  it("knows the format's tag in the registry alone, so that it can say what it refuses", () => {
    const tag = new RegExp(`simulated: ?${evidenceFormats.simulated}\\b`, "gu");
    const known = [...modules()].map(([path, module]) => [path.split("/")[1], module.match(tag)?.length ?? 0] as const);
    const timesIn = (name: string) => known.reduce((sum, [of, times]) => sum + (of === name ? times : 0), 0);
    expect(attestedRoles.map((role) => [role, timesIn(role)])).toEqual(attestedRoles.map((role) => [role, 1]));
  });

  it.each(["@cloister/attestation/simulated", "@cloister/keyring/simulated"])("can't import %s", async (specifier) => {
    const from = join(tree, "services/keys/dist/probe.mjs");
    await writeFile(from, `await import(${JSON.stringify(specifier)});`);
    await expect(node(from)).rejects.toMatchObject({ stderr: expect.stringContaining("ERR_MODULE_NOT_FOUND") });
  });

  it.each(attestedRoles)("refuses to start %s without a TEE, and says what to do", async (role) => {
    await expect(node(`services/${role}/dist/main.js`)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(
          `^${role}: EVIDENCE_UNAVAILABLE: This is no guest of a TEE that shows itself: .+ is there\\.\\n$`,
          "u",
        ),
      ),
    });
  });

  it("starts no other build, whatever Node is told", async () => {
    const started = node(developmentBuild, "services/keys/dist/main.js");
    const stderr = expect.stringContaining("keys: EVIDENCE_UNAVAILABLE: ");
    await expect(started).rejects.toMatchObject({ code: 1, stderr });
  });

  it.each(serviceNames)(
    "has in %s no file that can't be loaded, such as what only a Kafka client or a TEE needs",
    async (name) => {
      const dist = join(tree, "services", name, "dist");
      const programs = ["main.js", "hsm-process.js", "text-worker.js"];
      const files = globSync("*.js", { cwd: dist }).filter((file) => !programs.includes(file));
      const script = `await Promise.all(${JSON.stringify(files)}.map((file) => import("./" + file))); process.exit();`;
      await writeFile(join(dist, "probe.mjs"), script);
      expect(await node(`services/${name}/dist/probe.mjs`)).toEqual({ stdout: "", stderr: "" });
    },
  );

  it.each(serviceNames)("names every package that is in %s, with a licence that allows it", (name) => {
    const licenses = join(tree, "services", name, "licenses");
    const packages = packagesSchema.parse(JSON.parse(readFileSync(join(licenses, "packages.json"), "utf8")));
    expect(packages.filter(({ license }) => !allowedLicenses.has(license))).toEqual([]);
    expect(packages.map((one) => one.name)).toContain("@nestjs/core");
    expect(readFileSync(join(licenses, "@nestjs/core/LICENSE"), "utf8")).toContain("MIT");
  });
});
