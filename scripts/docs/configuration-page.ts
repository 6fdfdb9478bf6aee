import { documentConfig, type ConfigDefinition, type ConfigSpec } from "@cloister/service";
import { embeddingConfig } from "@cloister/service-embedding/config";
import { inferenceConfig } from "@cloister/service-enclave-inference/config";
import { ingestConfig } from "@cloister/service-ingest/config";
import { keysConfig } from "@cloister/service-keys/config";
import { redactionConfig } from "@cloister/service-redaction/config";
import { retentionConfig } from "@cloister/service-retention/config";

const services: Readonly<Record<string, ConfigDefinition<ConfigSpec>>> = {
  ingest: ingestConfig,
  redaction: redactionConfig,
  "enclave-inference": inferenceConfig,
  embedding: embeddingConfig,
  retention: retentionConfig,
  keys: keysConfig,
};

const opening = `# Configuration

<!-- Written by \`npm run docs\` from each service's <name>.config.ts. Change it there. -->

Each service reads environment variables once, at its start, and names everything that is wrong in one line
(\`CONFIG_INVALID\`). An empty variable counts as unset. What is (required) has no default. A secret is never printed; files that
hold one belong to their owner alone (0600), and one that others can read is refused at the start (\`SECRET_FILE_OPEN\`).

Figures for Prometheus are at \`/metrics\`, without a token: of ingest, whose doors are the public's, on a listener of their own
(\`CLOISTER_INGEST_METRICS_HOST\`, \`CLOISTER_INGEST_METRICS_PORT\`); of the others beside their health.

\`cloister serve\` runs all services in one process and reads none of these: see [the commands](cli.md).
`;

/** docs/configuration.md: one table for each service, from the definitions that it parses its environment with. */
export function configurationPage(): string {
  const sections = Object.entries(services).map(([name, definition]) => `## ${name}\n\n${table(definition)}\n`);
  return `${opening}\n${sections.join("\n")}`;
}

function table(definition: ConfigDefinition<ConfigSpec>): string {
  const rows = documentConfig(definition).map((variable) =>
    [`\`${variable.name}\``, variable.type, variable.default, variable.description].map(cell).join(" | "),
  );
  return [
    "| variable | type | default | what it is |",
    "| --- | --- | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
