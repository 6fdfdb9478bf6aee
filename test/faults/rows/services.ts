import { serviceNames } from "../../e2e/service-processes.ts";
import type { Row } from "../row.ts";

/** As whatever keeps processes takes to start one again. */
const DOWN_MS = 2_000;
const onTheLog: readonly string[] = ["redaction", "enclave-inference", "embedding", "ingest"];

const killed: readonly Row[] = serviceNames.map((service) => ({
  name: `kill-${service}`,
  fault: `kill -9 of ${service}, twice`,
  withEachClient: onTheLog.includes(service),
  play: async ({ load, restart }) => {
    for (const share of [0.2, 0.55]) {
      await load.hasSaid(share);
      await restart(service, { signal: "SIGKILL", afterMs: DOWN_MS });
    }
  },
}));

const terminated: readonly Row[] = serviceNames.map((service) => ({
  name: `sigterm-${service}`,
  fault: `SIGTERM of ${service} under load, twice; exit code 0`,
  withEachClient: onTheLog.includes(service),
  play: async ({ load, restart }) => {
    for (const share of [0.2, 0.55]) {
      await load.hasSaid(share);
      await restart(service, { signal: "SIGTERM", afterMs: 0 });
    }
  },
}));

/** `keys` away for longer than retries of a moment take. */
const keysAway: Row = {
  name: "keys-down",
  fault: "keys down for 30 s",
  withEachClient: false,
  play: async ({ load, restart }) => {
    await load.hasSaid(0.2);
    await restart("keys", { signal: "SIGKILL", afterMs: 30_000 });
  },
};

export const serviceRows: readonly Row[] = [...killed, ...terminated, keysAway];
