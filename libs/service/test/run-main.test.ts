import { describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const runMainFile = fileURLToPath(new URL("../src/run-main.ts", import.meta.url));

const flags = ["--experimental-transform-types", "--disable-warning=ExperimentalWarning"];

/** A program that says what it does: its start ends when it is told so on standard input. */
const program = `
  import { once } from "node:events";
  import { runMain } from ${JSON.stringify(runMainFile)};
  await runMain("slow", async () => {
    console.log("starting");
    await once(process.stdin, "data");
    return {
      name: "slow", address: null, metricsAddress: null, isReady: () => true, onFatal: () => undefined,
      close: async () => console.log("closed"),
    };
  });`;

describe("the main of a service", () => {
  it("drains and exits 0 at a SIGTERM that came while it started", async () => {
    const child = spawn(process.execPath, [...flags, "--input-type=module", "--eval", program]);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    child.stdin.write("go\n");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(output).toBe("starting\nclosed\n");
  });
});
