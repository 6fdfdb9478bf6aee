import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { registerRedact } from "@cloister/cli";
import { Command } from "commander";

class Collected extends Writable {
  text = "";
  isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function redact(args: string[], input: string, isTTY = false) {
  const stdout = new Collected();
  const stderr = new Collected();
  stderr.isTTY = isTTY;
  const streams = { stdin: Readable.from([input], { objectMode: false }), stdout, stderr, exitCode: 0 };
  const program = new Command().configureOutput({
    writeErr: (text) => stderr.write(text),
    writeOut: (text) => stdout.write(text),
  });
  registerRedact(program, streams);
  await program.parseAsync(["node", "cloister", "redact", ...args]).catch(() => undefined);
  return { stdout: stdout.text, stderr: stderr.text, exitCode: streams.exitCode };
}

let folder: string;
const file = async (content: string): Promise<string> => {
  const path = join(folder, "list.txt");
  await writeFile(path, content);
  return path;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-redact-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the rules of cloister redact", () => {
  it("find what a pattern matches", async () => {
    const { stdout } = await redact(["--pattern", "badge=\\bB-[0-9]{6}\\b"], "ask B-104223");
    expect(stdout).toBe("ask [BADGE_1]");
  });

  it("refuse a pattern that RE2 can't take, with the reason", async () => {
    const { stderr, exitCode } = await redact(["--pattern", "BADGE=(?=a)b"], "");
    expect([stderr.includes("no look-around"), exitCode]).toEqual([true, 2]);
  });

  it("may end with exit code 1 for a kind of one's own", async () => {
    const { exitCode } = await redact(["--pattern", "BADGE=B-[0-9]{6}", "--fail-on", "BADGE"], "ask B-104223");
    expect(exitCode).toBe(1);
  });

  it("leave out the values of a list and always find those of another", async () => {
    const allowed = await redact(["--allow", await file("bob@example.com\n\n")], "bob@example.com, ann@example.com");
    expect(allowed.stdout).toBe("bob@example.com, [EMAIL_ADDRESS_1]");
    const denied = await redact(["--deny", await file("PROJECT Grey Heron\n")], "about grey heron");
    expect(denied.stdout).toBe("about [PROJECT_1]");
  });

  it("refuse a list that can't be read or has another form", async () => {
    expect((await redact(["--allow", join(folder, "none.txt")], "")).exitCode).toBe(2);
    expect((await redact(["--deny", await file("PROJECT\n")], "")).exitCode).toBe(2);
  });

  it("act by kind", async () => {
    const actions = ["--action", "EMAIL_ADDRESS=mask,DATE_TIME=generalize", "--action", "US_SSN=hash"];
    const { stdout } = await redact(actions, "bob@example.com, 7 July 1977, ssn 219-09-9999");
    expect(stdout).toMatch(/^\*{4}, 1977, ssn \[US_SSN#[0-9a-f]{16}\]$/);
  });

  it("print nothing of a text that an action refuses, and end with exit code 1", async () => {
    const { stdout, stderr, exitCode } = await redact(["--action", "EMAIL_ADDRESS=refuse"], "bob@example.com");
    expect([stdout, stderr.includes("EMAIL_ADDRESS"), stderr.includes("bob"), exitCode]).toEqual(["", true, false, 1]);
  });

  it("print values as entries of a hashed list", async () => {
    const { stdout, stderr, exitCode } = await redact(["--hash-values", "00".repeat(16)], "Grey Heron\n...\n");
    expect(JSON.parse(stdout)).toEqual({ words: 2, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect([stderr, exitCode]).toEqual(["line 2: BAD_LIST: a listed value has 1 to 8 words\n", 1]);
  });
});

describe("long files", () => {
  const paragraph = `${"All is well here, nothing happens at all. ".repeat(40)}\n\n`;
  const text = `bob@example.com\n\n${paragraph.repeat(1_400)}BOB@example.com`;

  it("show in a terminal how much is done", async () => {
    const path = await file(text);
    const args = ["--entities", "EMAIL_ADDRESS", path];
    expect((await redact(args, "", true)).stderr).toMatch(/\d+ % of 3 MiB/);
  });

  it("are one text: a value has one placeholder from end to end, and nothing is told where no terminal is", async () => {
    const { stdout, stderr } = await redact(["--entities", "EMAIL_ADDRESS", await file(text)], "");
    expect(stderr).toBe("");
    expect(stdout.length).toBe(text.length + "[EMAIL_ADDRESS_1]".length + "[EMAIL_ADDRESS_1.2]".length - 30);
    expect(stdout.slice(-20)).toBe("\n[EMAIL_ADDRESS_1.2]");
  });

  it("reads at depth deep, or says what that needs and changes nothing", async () => {
    const { stdout, stderr, exitCode } = await redact(["--depth", "deep"], "my sister aoife is ill");
    if (exitCode === 2) {
      expect(stderr).toMatch(/^--depth deep can't be had here\..*onnxruntime-node.*leave the option out\.\n$/);
      expect(stdout).toBe("");
    } else {
      expect(stdout).toBe("my sister [PERSON_1] is ill");
    }
  });

  it("refuses a depth that nobody knows", async () => {
    expect((await redact(["--depth", "deeper"], "")).exitCode).toBe(2);
  });
});
