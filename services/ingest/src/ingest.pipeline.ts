import { idToHex, type MessageId } from "@cloister/envelope";
import type { Clock } from "@cloister/service";

import { requireCallerTenant, type Caller } from "./http/caller.ts";
import { readInboundEnvelope } from "./messages/inbound-form.ts";
import type { MessageIntake } from "./messages/message-intake.ts";
import type { Policies } from "./messages/policies.ts";
import { requireAllowed } from "./messages/policy-checks.ts";
import { requireRoomFor, type TenantPressures } from "./pressure/tenant-pressures.ts";

export interface IngestSteps {
  readonly policies: Policies;
  readonly pressure: TenantPressures;
  readonly intake: MessageIntake;
  readonly clock: Clock;
  /** Where this cell runs. Stated by its operator, so it proves nothing to a policy that wants proof. */
  readonly region?: { readonly name: string; readonly isAttested: boolean };
}

/** The way of a client's message into the log: everything that can be checked without a key, then one transaction. */
export class IngestPipeline {
  readonly #steps: IngestSteps;

  constructor(steps: IngestSteps) {
    this.#steps = steps;
  }

  /** @throws ProblemError with one of the codes of ingest.problems.ts */
  async accept(caller: Caller, bytes: Uint8Array): Promise<MessageId> {
    const { policies, pressure, intake, clock, region } = this.#steps;
    const { header } = readInboundEnvelope(bytes);
    requireCallerTenant(caller, idToHex(header.tenantId));
    const policy = await policies.inForce(header.tenantId, header.policyVersion);
    requireAllowed(header, policy, { nowMs: clock.nowMs(), ...(region !== undefined && { region }) });
    await requireRoomFor(header.tenantId, pressure, clock.nowMs());
    await intake.accept({
      tenantId: header.tenantId,
      conversationId: header.conversationId,
      messageId: header.messageId,
      bucketEndMs: header.expiresAtMs,
      envelope: bytes,
    });
    return header.messageId;
  }
}
