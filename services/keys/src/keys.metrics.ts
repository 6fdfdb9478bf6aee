import type { ServiceMetrics } from "@cloister/service";
import type { Evictions } from "./revocation/revocations.ts";
import type { KmsCall } from "./kms/measured-key-wrapper.ts";

/** What says how often others ask for keys, how often that costs a call to a KMS, and how those end. */
export class KeysMetrics {
  /** By the method of the door, as in `ReleaseKeys`. */
  readonly called: (method: string) => void;
  readonly kmsAsked: (call: KmsCall) => void;
  readonly evictions: Evictions;

  constructor(metrics: ServiceMetrics) {
    const calls = metrics.counter("calls", "Calls at the three doors, let in or not", ["method"]);
    const kms = metrics.counter("kms_calls", "What tenants' key management systems were asked, by what came of it", [
      "operation",
      "provider",
      "outcome",
    ]);
    const durations = metrics.histogram("kms_duration", "seconds", "How long they took to answer", ["provider"]);
    const ends = metrics.counter("evictions", "How instances' leases of what was revoked ended", ["by"]);
    const waits = metrics.histogram("eviction", "seconds", "From a revocation to an instance's signed word", []);
    this.evictions = {
      evicted: (seconds) => {
        ends.inc({ by: "instance" });
        waits.observe(seconds);
      },
      lapsing: (count) => ends.inc({ by: "lapse" }, count),
    };
    this.called = (method) => calls.inc({ method });
    this.kmsAsked = ({ operation, provider, outcome, seconds }) => {
      kms.inc({ operation, provider, outcome });
      durations.observe({ provider }, seconds);
    };
  }
}
