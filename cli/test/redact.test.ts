import { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Command } from "commander";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registerRedact } from "@cloister/cli";

class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function redact(args: string[], input: Iterable<string | Buffer> = []) {
  const stdout = new Collected();
  const stderr = new Collected();
  const streams = { stdin: Readable.from(input, { objectMode: false }), stdout, stderr, exitCode: 0 };
  const program = new Command().configureOutput({
    writeErr: (text) => stderr.write(text),
    writeOut: (text) => stdout.write(text),
  });
  registerRedact(program, streams);
  await program.parseAsync(["node", "cloister", "redact", ...args]).catch(() => undefined);
  return { stdout: stdout.text, stderr: stderr.text, exitCode: streams.exitCode };
}

const line = (id: unknown, text: unknown): string => `${JSON.stringify({ id, text })}\n`;

describe("cloister redact", () => {
  it("prints the text with placeholders", async () => {
    const { stdout, exitCode } = await redact([], ["I am Maria Gonzalez, maria@example.com.\nmaria again\n"]);
    expect(stdout).toBe("I am [PERSON_1], [EMAIL_ADDRESS_1].\n[PERSON_1.2] again\n");
    expect(exitCode).toBe(0);
  });

  it("explains each find without printing its value", async () => {
    const { stderr } = await redact(["--explain"], ["ok\nmail bob@example.com"]);
    expect(stderr).toBe("line 2, column 6, 15 characters: EMAIL_ADDRESS 1.00, found by email (pattern)\n");
  });

  it("looks only for the entities asked for", async () => {
    const { stdout } = await redact(["--entities", "email_address"], ["Maria Gonzalez, maria@example.com"]);
    expect(stdout).toBe("Maria Gonzalez, [EMAIL_ADDRESS_1]");
  });

  it("reports how often each entity was found, and no value", async () => {
    const { stdout, exitCode } = await redact(["--report"], ["bob@example.com, ann@example.com, 4111 1111 1111 1111"]);
    expect(stdout).toBe("2  EMAIL_ADDRESS\n1  CREDIT_CARD\nfound in 1 of 1 texts\n");
    expect(exitCode).toBe(0);
  });

  it("counts the texts of all lines in a report", async () => {
    const { stdout } = await redact(["--jsonl", "--report"], [line(1, "bob@example.com"), line(2, "nothing")]);
    expect(stdout).toBe("1  EMAIL_ADDRESS\nfound in 1 of 2 texts\n");
  });

  it.each([
    ["email_address", 1],
    ["US_SSN,PHONE_NUMBER", 0],
  ])("with --fail-on %s ends with exit code %i", async (types, expected) => {
    const { stdout, exitCode } = await redact(["--fail-on", types], ["mail bob@example.com"]);
    expect([stdout, exitCode]).toEqual(["mail [EMAIL_ADDRESS_1]", expected]);
  });

  it("shows the text itself with its finds in colour when asked to", async () => {
    const { stdout } = await redact(["--color"], ["mail bob@example.com now"]);
    expect(stdout).toMatch(/^mail \u001b\[.*bob@example\.com\u001b\[.* EMAIL_ADDRESS\u001b\[.* now$/);
  });

  it("prints nothing of a text that is not UTF-8", async () => {
    const { stdout, exitCode } = await redact([], [Buffer.from([0x61, 0xff])]);
    expect([stdout, exitCode]).toEqual(["", 1]);
  });

  it.each([[["--entities", "NOSE"]], [["--threshold", "2"]], [["--unknown"]], [["/no/such/file"]]])(
    "answers %j with exit code 2 and a sentence",
    async (args) => {
      const { stderr, exitCode } = await redact(args);
      expect(exitCode).toBe(2);
      expect(stderr).not.toBe("");
    },
  );

  it("documents its exit codes", async () => {
    expect((await redact(["--help"])).stdout).toContain("Exit codes:");
  });
});

describe("cloister redact --jsonl", () => {
  it("prints the spans of each text, in order, with UTF-16 offsets", async () => {
    const { stdout, exitCode } = await redact(["--jsonl"], [line("a", "😀 bob@example.com"), line(2, "nothing")]);
    expect(stdout).toBe(
      '{"id":"a","spans":[{"start":3,"end":18,"type":"EMAIL_ADDRESS","score":1}]}\n{"id":2,"spans":[]}\n',
    );
    expect(exitCode).toBe(0);
  });

  it("gives the same wherever chunks begin and end", async () => {
    const bytes = Buffer.from(line(1, "é\u2028 bob@example.com") + line(2, "x").trimEnd());
    const whole = await redact(["--jsonl"], [bytes]);
    for (let border = 1; border < bytes.length; border++) {
      const cut = await redact(["--jsonl"], [bytes.subarray(0, border), bytes.subarray(border)]);
      expect(cut.stdout).toBe(whole.stdout);
    }
  });

  it("names each bad line by its number, without its text, and does the others", async () => {
    const input = [
      "{secret\n",
      line(1, "x"),
      "[]\n",
      line({}, "x"),
      line(4, 5),
      "\n",
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      line(7, "y"),
    ];
    const { stdout, stderr, exitCode } = await redact(["--jsonl"], input);
    expect(stdout).toBe('{"id":1,"spans":[]}\n{"id":7,"spans":[]}\n');
    expect(stderr.split("\n")).toEqual([
      "line 1: not JSON",
      "line 3: not a JSON object",
      'line 4: "id" is neither a string nor a number',
      'line 5: "text" is not a string',
      "line 7: not UTF-8",
      "",
    ]);
    expect(exitCode).toBe(1);
  });

  it("adds detector and evidence when asked to explain", async () => {
    const { stdout } = await redact(["--jsonl", "--explain"], [line(1, "bob@example.com")]);
    expect(stdout).toContain('"detector":"email","evidence":"pattern"');
  });

  it("reads no further while its output is not read", async () => {
    let linesRead = 0;
    function* endless() {
      for (; linesRead < 5000; linesRead++) yield line(linesRead, "x".repeat(1000));
    }
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const program = new Command();
    registerRedact(program, { stdin: Readable.from(endless(), { objectMode: false }), stdout: stuck, stderr: stuck });
    void program.parseAsync(["node", "cloister", "redact", "--jsonl"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(linesRead).toBeLessThan(200);
  });

  describe("of a file", () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "cloister-redact-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("reads the file", async () => {
      const file = join(folder, "texts.jsonl");
      await writeFile(file, line(1, "bob@example.com"));
      expect((await redact(["--jsonl", file])).stdout).toContain("EMAIL_ADDRESS");
    });
  });
});
