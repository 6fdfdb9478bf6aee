import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { openDataFolder } from "../data-folder.ts";
import { readInput } from "./input-lines.ts";
import { runDemo } from "./run-demo.ts";
import { Show } from "./show.ts";

interface DemoFlags {
  readonly json?: string;
  readonly input?: string;
  readonly keep?: string;
}

const program = new Command("demo")
  .description(
    "Plays sealed conversations through the whole pipeline on this machine and tries to break them afterwards.",
  )
  .option("--input <file>", 'your own messages: JSON Lines of {"conversation","text"}')
  .option("--json <file>", "write everything that is shown as data")
  .option("--keep <folder>", "put the databases into this new folder and leave them there")
  .addHelpText(
    "after",
    "\nExit codes: 0 everything held, 1 something did not (it is named), 2 the command was used wrongly.",
  )
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

await program.action(demo).parseAsync();

async function demo(flags: DemoFlags): Promise<void> {
  const show = new Show((line) => console.log(line));
  const input =
    flags.input === undefined
      ? undefined
      : await readInput(flags.input).catch((error: unknown) => unreadable(flags.input, error));
  if (input?.conversations.length === 0) {
    console.error(`demo: ${flags.input ?? ""} holds no message; a line is {"conversation": string, "text": string}`);
    process.exit(2);
  }
  const path = flags.keep ?? (await mkdtemp(join(tmpdir(), "cloister-demo-")));
  try {
    show.line("Cloister in one process: PGlite databases, simulated evidence, an extractive model. Development only.");
    const report = await runDemo({ folder: await openDataFolder(path), show, ...(input && { input }) });
    if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    show.heading(report.held ? "Everything held." : "Something did not hold: see above.");
    process.exitCode = report.held ? 0 : 1;
  } finally {
    if (flags.keep === undefined) await rm(path, { recursive: true, force: true });
  }
}

function unreadable(file: string | undefined, error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  console.error(`demo: ${file ?? ""} can't be read (${code})`);
  process.exit(2);
}
