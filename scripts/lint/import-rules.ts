import { builtinModules } from "node:module";
import { posix } from "node:path";
import { importRule, isBuiltin, isRelative } from "./imports.ts";
import { mayImport, type Place } from "./layers.ts";
import { packageOfSpecifier, workspaceOfFile, workspaceOfSpecifier } from "./workspaces.ts";

/** Imports point one way: services → libraries → contracts. Services meet in proto/, never in code. */
export const layers = importRule("imports between packages point one way", (specifier, from) => {
  const target = workspaceOfSpecifier(specifier);
  if (target === undefined || mayImport(from, target.workspace)) return undefined;
  return `${from.path} (${from.layer}${from.isTest ? ", test" : ""}) must not import ${target.workspace.name}: see scripts/lint/layers.ts.`;
});

/** A package shows what its `exports` lists and nothing else. */
export const packageExports = importRule("packages are entered by their exports only", (specifier, from) => {
  if (isRelative(specifier)) {
    const target = posix.join(posix.dirname(from.path), specifier);
    if (workspaceOfFile(target) === from.workspace) return undefined;
    return `A relative import must stay inside its package: import ${workspaceOfFile(target)?.name ?? target} by name.`;
  }
  const target = workspaceOfSpecifier(specifier);
  if (target === undefined || target.workspace.entryPoints.has(target.entryPoint)) return undefined;
  return `${target.workspace.name} does not export ${target.entryPoint}: add it to its package.json or use what it exports.`;
});

const frameworks = [
  /^@nestjs\//,
  /^(@fastify\/.+|fastify|express|koa|rxjs|reflect-metadata)$/,
  /^(kysely|pg|pg-.+|@electric-sql\/.+)$/,
  /^(pino|pino-.+|prom-client|@opentelemetry\/.+)$/,
  /^@connectrpc\//,
  /^(undici|axios|got|ws|kafkajs|ioredis|@platformatic\/.+|@qdrant\/.+|@aws-sdk\/.+)$/,
];

const isNodeBackend = (path: string): boolean => /^libs\/envelope\/src\/(.+\/)?node[^/]*\.ts$/.test(path);

function impurity(specifier: string): string | undefined {
  if (isBuiltin(specifier) || builtinModules.includes(specifier)) return "Node's modules";
  return frameworks.some((pattern) => pattern.test(packageOfSpecifier(specifier))) ? "a framework" : undefined;
}

/** `envelope`, `attestation`, `policy`, `pii` and `audit` run anywhere: no framework, no I/O; so does the contracts' code. */
export const pureLibraries = importRule("pure libraries import no framework and do no I/O", (specifier, from) => {
  const isPure = from.layer === "pure" || from.layer === "contracts";
  if (!isPure || from.isTest || from.isAdapter) return undefined;
  if (specifier === "node:crypto" && isNodeBackend(from.path)) return undefined;
  const found = impurity(specifier);
  return found && `${from.path} is in a pure library and must not import ${found} (${specifier}).`;
});

const engineClients = [
  /^(kafkajs|@platformatic\/kafka|@confluentinc\/.+|node-rdkafka)$/,
  /^(ioredis|redis|@redis\/.+)$/,
  /^@qdrant\//,
  /^(pg|pg-.+|postgres|@electric-sql\/.+)$/,
  /^(@aws-sdk\/.+|aws-sdk|@azure\/.+|@google-cloud\/.+|node-vault|pkcs11js|graphene-pk11)$/,
];

const mayKnowEngines = ({ path, isTest, isAdapter, layer }: Place): boolean =>
  isAdapter ||
  isTest ||
  layer === "testing" ||
  layer === "repository" ||
  /^libs\/(storage|messaging\/src\/kafka\/(kafkajs|platformatic|admin))\//.test(path);

/** Only adapters know an engine: of Kafka, one folder for each client in libs/messaging; of databases, libs/storage. */
export const enginesInAdapters = importRule("only adapters import an engine's client", (specifier, from) => {
  if (mayKnowEngines(from) || !engineClients.some((pattern) => pattern.test(packageOfSpecifier(specifier)))) {
    return undefined;
  }
  return `${specifier} is an engine's client: only an adapter's files (folders adapters/, libs/storage, libs/messaging/src/kafka/<client>) import it.`;
});
