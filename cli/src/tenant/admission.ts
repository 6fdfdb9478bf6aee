import { randomBytes } from "node:crypto";
import { clientKeysHash, signAdmission, type GetAdmission } from "@cloister/client";
import type { ConversationId } from "@cloister/envelope";
import type { ConversationKind, NoteSigner } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { tenantIdOf, type Tenant } from "./tenant-folder.ts";

const LIFE_MS = 10 * 60_000;

/** Admits this terminal as an application's backend admits its users. Nobody is named: the person holds the key itself. */
export function admissionFor(
  tenant: Tenant,
  issuer: NoteSigner,
  { kind, knowledgeBases = [] }: { readonly kind: ConversationKind; readonly knowledgeBases?: ConversationId[] },
): GetAdmission {
  return (keys) => {
    const nowMs = systemClock.nowMs();
    const admission = {
      id: randomBytes(16),
      tenantId: tenantIdOf(tenant),
      clientKeysHash: clientKeysHash(keys),
      kind,
      subjectRef: null,
      knowledgeBases,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + LIFE_MS,
    };
    return signAdmission(admission, issuer);
  };
}
