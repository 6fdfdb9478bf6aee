#!/usr/bin/env node
import { runProgram } from "./program.ts";

// The reader of our output has gone (a `head` that has enough): nothing is left to do, and nothing is wrong.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

await runProgram(process.argv.slice(2), process);
