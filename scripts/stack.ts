// `npm run stack -- up|down|status`: the engines of production as processes of this machine, without a container engine.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { stackDown } from "./stack/down.ts";
import { documentedPorts, serviceNames, type StackFolder } from "./stack/layout.ts";
import { isRunning, openStack, readProcesses, wasStarted } from "./stack/state.ts";
import { StackError } from "./stack/stack-error.ts";
import { stackStatus, statusLines } from "./stack/status.ts";
import { stackUp } from "./stack/up.ts";

const usage = `npm run stack -- <up|down|status> [--data <folder>] [--services] [--json]

  up        starts Kafka, PostgreSQL (two servers: the services', and that of keys) and Redis on this machine, makes schemas,
            roles and topics, and writes a file of variables for each service. What runs already is left alone.
  down      ends what runs: services first, which finish what they accepted, then engines. Data stays.
  status    shows what runs, where, and since when.

  --data <folder>   where everything lies (default: .cloister/stack)
  --port-offset <n> up, the first one on a folder: every port so much higher, for a second stack on a machine
  --services        up: starts the six services, too, each a process of its own
  --json            prints as JSON

Exit codes: 0 done, 1 failed (a line on standard error says why), 2 the command was used wrongly.`;

const options = {
  data: { type: "string", default: ".cloister/stack" },
  services: { type: "boolean", default: false },
  "port-offset": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function main(): Promise<number> {
  const { positionals, values } = parsed();
  const [command, ...others] = positionals;
  if (values.help) return print([usage]);
  if (command === undefined || others.length > 0) return misused("name one of up, down and status");
  const offset = Number(values["port-offset"] ?? 0);
  if (!isOffset(offset)) return misused(`--port-offset is a whole number from ${leastOffset} to ${mostOffset}`);
  const path = resolve(values.data);
  const folder = await openStack(path, offset);
  if (command !== "up" && !wasStarted(path)) console.error(`stack: no stack was ever started on ${path}`);
  const known = folder.ports.kafka - documentedPorts.kafka;
  if (command === "up" && values["port-offset"] !== undefined && known !== offset) {
    return misused(`the stack on ${path} has the port offset ${known}, which its first up chose`);
  }
  const shown = async (): Promise<number> => {
    const rows = await stackStatus(folder);
    return print(values.json ? [JSON.stringify(rows, null, 2)] : statusLines(rows));
  };
  switch (command) {
    case "up":
      await stackUp(folder, { services: values.services });
      await shown();
      return values.json ? 0 : print(await nextLines(folder, values.data));
    case "down":
      await stackDown(folder);
      return shown();
    case "status":
      return shown();
    default:
      return misused(`there is no ${command}`);
  }
}

async function nextLines(folder: StackFolder, data: string): Promise<string[]> {
  const { path } = folder;
  const processes = await readProcesses(folder);
  const stopped = serviceNames.filter((name) => !isRunning(processes[name]));
  if (stopped.length === 0) {
    return ["", `The services are up. From here on as with \`cloister serve\`, with --data ${path}`];
  }
  const where = data === options.data.default ? "" : ` --data ${data}`;
  const which = stopped.length === serviceNames.length ? "the services" : "the services that don't run";
  return ["", `The engines are up. Start ${which}, each in a terminal:`].concat(
    stopped.map((name) => `  npm run cloister -- start ${name} --env-file ${path}/${name}.env`),
    `or all of them in the background: npm run stack -- up --services${where}`,
  );
}

/** So that every port stays one that a program of a user may listen at. */
const ports = Object.values(documentedPorts);
const [leastOffset, mostOffset] = [1_024 - Math.min(...ports), 65_535 - Math.max(...ports)];

function isOffset(offset: number): boolean {
  return Number.isInteger(offset) && offset >= leastOffset && offset <= mostOffset;
}

function parsed() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    process.exit(misused(error instanceof Error ? error.message : String(error)));
  }
}

function misused(sentence: string): number {
  console.error(`${usage}\n\nstack: USAGE: ${sentence}`);
  return 2;
}

function print(lines: readonly string[]): number {
  console.log(lines.join("\n"));
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const code = error instanceof StackError ? error.code : "FAILED";
  console.error(`stack: ${code}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
