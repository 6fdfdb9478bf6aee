import { mkdir } from "node:fs/promises";
import { refuseMissingPackages, startEngines } from "./engines.ts";
import { writeEnvironments } from "./environment.ts";
import { prepareEngines } from "./prepare.ts";
import { startServices } from "./services.ts";
import type { EngineName, ServiceName, StackFolder } from "./layout.ts";

export interface UpOptions {
  readonly services: boolean;
}

/** Starts what doesn't run yet, and brings schemas, roles, topics and the services' variables up to date. */
export async function stackUp(folder: StackFolder, { services }: UpOptions): Promise<(EngineName | ServiceName)[]> {
  refuseMissingPackages();
  // PostgreSQL of root runs as another user, who must come to its own folder; secrets lie in one that is closed to all.
  await mkdir(folder.path, { recursive: true, mode: 0o711 });
  const engines = await startEngines(folder);
  await prepareEngines(folder);
  await writeEnvironments(folder);
  return services ? [...engines, ...(await startServices(folder))] : engines;
}
