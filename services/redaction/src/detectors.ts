import { createDetector, isEntityType, type Detector } from "@cloister/pii";
import type { Policy } from "@cloister/policy";
import { RedactionError } from "./errors.ts";

/** One detector for each set of entities that a policy asks for, built once. */
export class Detectors {
  readonly #byEntities = new Map<string, Detector>();

  /**
   * Finds what the policy has replaced and what it blocks.
   * @throws RedactionError REGULATED_DATA_BLOCKED when that is more than this build can find
   */
  for(policy: Policy): Detector {
    const asked = new Set([...policy.redact, ...policy.block]);
    const entities = [...asked].filter(isEntityType);
    if (entities.length < asked.size) {
      throw new RedactionError(
        "REGULATED_DATA_BLOCKED",
        "The policy asks for kinds of personal data that this build has no detector for.",
      );
    }
    const name = entities.toSorted().join(",");
    const detector = this.#byEntities.get(name) ?? createDetector({ entities });
    this.#byEntities.set(name, detector);
    return detector;
  }
}
