import { CliError } from "../cli-error.ts";

/**
 * PGlite and what signals in process belong to one process: two services on one of its folders would lose writes without
 * a word. @throws CliError ENGINE_EMBEDDED
 */
export function refuseEmbeddedEngines(
  service: string,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const { CLOISTER_DATABASE_URL: database, CLOISTER_LOG: log } = environment;
  if (!database) {
    throw embedded(service, "CLOISTER_DATABASE_URL isn't set");
  }
  if (!/^postgres(?:ql)?:\/\//u.test(database)) {
    throw embedded(service, "CLOISTER_DATABASE_URL names no PostgreSQL server");
  }
  if (log !== undefined && /^(?:pglite|embedded|memory|in-process)$/u.test(log)) {
    throw embedded(service, `CLOISTER_LOG=${log} is a log inside one process`);
  }
}

function embedded(service: string, finding: string): CliError {
  const sentence = `${finding}, and ${service} by itself doesn't run on the embedded engines: they are for \`cloister serve\`, which runs everything in one process. Name a server: CLOISTER_DATABASE_URL=postgresql://user@host:5432/cloister.`;
  return new CliError("ENGINE_EMBEDDED", sentence);
}
