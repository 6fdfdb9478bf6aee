import { randomBytes } from "node:crypto";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type GetAdmission } from "@cloister/client";
import { deriveTenantId, parseConversationId, type ConversationId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  clientKeysHash,
  DAY_MS,
  definePolicy,
  embeddedCapabilities,
  missingGuarantees,
  signAdmission,
  signerFromSeed,
  signPolicy,
  type Policy,
} from "@cloister/policy";
import type { Clock } from "@cloister/service";
import type { AttestedInstances } from "../attested-instances.ts";
import type { EmbeddedCloister } from "../start-embedded.ts";

/** A running system, as a tenant's application reaches it. */
export interface ReachedCloister {
  readonly url: string;
  readonly accessToken: string;
  readonly instances: AttestedInstances;
}

export function reachedOf({ ingest, instances }: EmbeddedCloister): ReachedCloister {
  return { url: ingest.address ?? "", accessToken: ingest.accessToken.reveal(), instances };
}

/** A tenant and its application: root key, signed policy, and the backend that admits its users. */
export interface DemoTenant {
  readonly tenantId: Uint8Array;
  readonly policy: Policy;
  /** What the policy's preset wants and this system can't give. */
  readonly missing: readonly string[];
  readonly client: Client;
  /** Admits a person's device to a chat that may search these knowledge bases. */
  admitChat(knowledgeBases: readonly Uint8Array[]): GetAdmission;
  /** Admits an importer of documents. */
  readonly admitImport: GetAdmission;
}

const week = { periodMs: 7 * DAY_MS, minimumDays: 0 };

/** Makes the root key, signs a policy of the `standard` preset, has it applied. */
export async function makeTenant(cloister: ReachedCloister, clock: Clock): Promise<DemoTenant> {
  const root = signerFromSeed(randomBytes(32));
  const issuer = signerFromSeed(randomBytes(32));
  const tenantId = deriveTenantId(root.publicKey);
  const { machines, simulatedRoot } = cloister.instances;
  const allowed = (role: keyof typeof machines) => {
    const { measurement, configurationDigest } = machines[role];
    return [{ measurement, configurationDigest }];
  };
  const policy = definePolicy("standard", {
    version: 1,
    tenantId,
    roots: [root.publicKey],
    notBeforeMs: clock.nowMs() - 60_000,
    expiresAtMs: clock.nowMs() + 60 * DAY_MS,
    measurements: {
      keys: allowed("keys"),
      redaction: allowed("redaction"),
      "enclave-inference": allowed("enclave-inference"),
      embedding: allowed("embedding"),
    },
    admissionIssuers: [{ name: "app-backend", publicKey: issuer.publicKey }],
    kms: { custody: "byok", provider: "local", keyRef: "" },
    periods: {
      flow: { periodMs: DAY_MS, minimumDays: 0 },
      map: week,
      log: week,
      vector: week,
      mailbox: week,
      audit: week,
    },
    development: true,
    simulatedRoots: [simulatedRoot],
  });
  const client = createClient({
    baseUrl: cloister.url,
    accessToken: cloister.accessToken,
    tenantId,
    evidenceVerifiers: [simulatedVerifier],
    allowDevelopment: true,
    backend: nodeBackend,
    clock,
  });
  await client.applyPolicy({ genesisRoot: root.publicKey, policy: signPolicy(policy, root) });

  const admit =
    (kind: "chat" | "kb", knowledgeBases: readonly ConversationId[]): GetAdmission =>
    (keys) =>
      signAdmission(
        {
          id: randomBytes(16),
          tenantId,
          clientKeysHash: clientKeysHash(keys),
          kind,
          subjectRef: kind === "chat" ? randomBytes(16) : null,
          knowledgeBases: [...knowledgeBases],
          issuedAtMs: clock.nowMs(),
          expiresAtMs: clock.nowMs() + 600_000,
        },
        issuer,
      );
  return {
    tenantId,
    policy,
    missing: missingGuarantees(policy, embeddedCapabilities),
    client,
    admitChat: (knowledgeBases) => admit("chat", knowledgeBases.map(parseConversationId)),
    admitImport: admit("kb", []),
  };
}
