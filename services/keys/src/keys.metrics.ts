import type { ServiceMetrics } from "@cloister/service";
import type { KmsOperation } from "./hierarchy/bounded-key-wrapper.ts";

/** What says how often others ask for keys, and how often that costs a call to a KMS. */
export class KeysMetrics {
  /** By the method of the door, as in `ReleaseKeys`. */
  readonly called: (method: string) => void;
  readonly kmsAsked: (operation: KmsOperation) => void;

  constructor(metrics: ServiceMetrics) {
    const calls = metrics.counter("calls", "Calls at the three doors, let in or not", ["method"]);
    const kms = metrics.counter("kms_calls", "What tenants' key management systems were asked", ["operation"]);
    this.called = (method) => calls.inc({ method });
    this.kmsAsked = (operation) => kms.inc({ operation });
  }
}
