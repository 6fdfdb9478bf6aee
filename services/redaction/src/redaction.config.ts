import { keyringVariables } from "@cloister/keyring/simulated";
import { defineConfig, secretVariable, variable } from "@cloister/service";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

/** Every environment variable that redaction reads. */
export const redactionConfig = defineConfig({
  host: variable("CLOISTER_REDACTION_HOST", z.string().min(1), {
    description: "Address that health and metrics listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_REDACTION_PORT", port, {
    description: "Port that health and metrics listen on; 0 picks a free one",
    default: "8082",
  }),
  databaseUrl: secretVariable("CLOISTER_DATABASE_URL", z.url({ protocol: /^postgres(?:ql)?$/u }), {
    description: "PostgreSQL with redaction's schema: sealed placeholder maps, sequence windows",
  }),
  ...keyringVariables,
});
