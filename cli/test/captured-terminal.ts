import { Readable, Writable } from "node:stream";
import { runProgram } from "@cloister/cli";

export class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs one command line in this process. */
export async function command(...args: readonly string[]) {
  const terminal = { stdin: Readable.from([]), stdout: new Collected(), stderr: new Collected(), exitCode: 0, env: {} };
  await runProgram(args, terminal);
  return { exitCode: terminal.exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}
