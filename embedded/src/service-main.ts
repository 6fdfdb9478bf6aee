/** The services, each of which can be a process of its own; who is asked stands before who asks. */
export const serviceNames = ["keys", "retention", "embedding", "enclave-inference", "redaction", "ingest"] as const;

export type ServiceName = (typeof serviceNames)[number];

const mains = {
  keys: () => import("@cloister/service-keys/main"),
  retention: () => import("@cloister/service-retention/main"),
  embedding: () => import("@cloister/service-embedding/main"),
  "enclave-inference": () => import("@cloister/service-enclave-inference/main"),
  redaction: () => import("@cloister/service-redaction/main"),
  ingest: () => import("@cloister/service-ingest/main"),
} satisfies Record<ServiceName, () => Promise<unknown>>;

/**
 * Runs a service's own `main.ts` in this process, by the environment's variables. It handles signals and ends the
 * process with its exit code: 0 after a drain, 1 with one line on standard error. Resolves when it has started or failed.
 */
export async function runServiceMain(name: ServiceName): Promise<void> {
  await mains[name]();
}
