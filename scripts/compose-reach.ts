// `npm run compose:reach`, when the services of docker-compose.yml are up: writes .cloister/compose/running.json, by which the
// `cloister` command finds them (`--data .cloister/compose`). The build here must be of the same source as the images.
import { join } from "node:path";
import { attestInstances } from "@cloister/embedded";
import { systemClock } from "@cloister/service";
import { repositoryRoot } from "./lint/workspaces.ts";
import { documentedPorts } from "./stack/layout.ts";
import { writeHowToReach } from "./stack/reach.ts";

/** Containers have no process here: the first of all stands for theirs. */
const ALWAYS = 1;

const folder = join(repositoryRoot, ".cloister/compose");
await writeHowToReach(folder, {
  pid: ALWAYS,
  ports: documentedPorts,
  instances: await attestInstances(join(folder, "simulated/root"), systemClock, { runtime: "extractive" }),
  ingestTokenFile: join(folder, "tokens/ingest-token"),
  retentionTokenFile: join(folder, "tokens/retention-token"),
  operationsTokenFile: join(folder, "secrets/operations"),
});
console.log(`Next: npm run cloister -- tenant init --out ./tenant, and the other commands with --data ${folder}`);
