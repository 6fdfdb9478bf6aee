import type { OpenConversationRequest, RenewConversationRequest } from "@cloister/contracts/keys/authority";
import {
  createKemPrivateKey,
  deriveConversationId,
  idToHex,
  parseTenantId,
  type KemPrivateKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import {
  inboundWindow,
  openConversationSigningBytes,
  PolicyError,
  renewConversationSigningBytes,
  signConversationStatement,
  verifyAdmission,
  verifyEd25519,
  verifyPolicy,
  type AuthorityChainFields,
  type ConversationStatement,
  type FieldsOf,
} from "@cloister/policy";

import type { SimulatedTenant } from "./simulated-tenant.ts";

interface Answer {
  readonly statement: Uint8Array;
  readonly chain: Required<AuthorityChainFields>;
}

interface OpenConversation {
  statement: ConversationStatement;
  readonly inboundKeys: KemPrivateKey[];
}

/**
 * The Authority of one tenant in memory: it checks and signs what `keys` checks and signs, and keeps every inbound key,
 * so that a test can be the rest of the pipeline. For tests of what lies before `keys`.
 */
export class SimulatedAuthority {
  readonly #tenant: SimulatedTenant;
  readonly #nowMs: () => number;
  readonly #conversations = new Map<string, OpenConversation>();

  constructor(tenant: SimulatedTenant, nowMs: () => number) {
    this.#tenant = tenant;
    this.#nowMs = nowMs;
  }

  async getPolicy(): Promise<{ chain: Required<AuthorityChainFields> }> {
    return { chain: await this.#tenant.chain(this.#nowMs()) };
  }

  /** As `keys` answers before an instance has come. */
  async listInstances(): Promise<{ chain: Required<AuthorityChainFields>; missingGuarantees: string[] }> {
    return { ...(await this.getPolicy()), missingGuarantees: ["No hardware proves what code runs."] };
  }

  /** @throws PolicyError */
  async openConversation(request: FieldsOf<OpenConversationRequest>): Promise<Answer> {
    const { clientKemPublicKey, clientSigningPublicKey, salt, nonce } = request;
    requireSignature(clientSigningPublicKey, openConversationSigningBytes(request), request.signature);
    const nowMs = this.#nowMs();
    const { tenantId, policy } = this.#tenant;
    const admission = verifyAdmission(request.admission, policy, { clientKemPublicKey, clientSigningPublicKey, nowMs });
    const clientKeys = { kem: clientKemPublicKey, signing: clientSigningPublicKey };
    const { inboundKeys, ...inbound } = this.#newInboundKey([]);
    const statement = {
      tenantId,
      conversationId: deriveConversationId(parseTenantId(tenantId), clientKeys, salt),
      kind: admission.kind,
      subjectRef: admission.subjectRef,
      knowledgeBases: admission.knowledgeBases,
      openingKemPublicKey: clientKemPublicKey,
      clientKemPublicKey,
      clientSigningPublicKey,
      salt,
      clientNonce: nonce,
      ...inbound,
    };
    return this.#remember({ statement, inboundKeys });
  }

  /** @throws PolicyError */
  async renewConversation(request: FieldsOf<RenewConversationRequest>): Promise<Answer> {
    const { statement, inboundKeys: known } = this.#find(request.conversationId);
    requireSignature(statement.clientSigningPublicKey, renewConversationSigningBytes(request), request.signature);
    const { inboundKeys, ...inbound } = this.#newInboundKey(known);
    const { nonce: clientNonce, clientKemPublicKey } = request;
    return this.#remember({ statement: { ...statement, clientKemPublicKey, clientNonce, ...inbound }, inboundKeys });
  }

  /** The statement in force. */
  statementOf(conversationId: Uint8Array): ConversationStatement {
    return this.#find(conversationId).statement;
  }

  /** Every inbound key that the conversation had, the newest last. */
  inboundKeysOf(conversationId: Uint8Array): readonly KemPrivateKey[] {
    return this.#find(conversationId).inboundKeys;
  }

  #newInboundKey(known: readonly KemPrivateKey[]) {
    const { policy, signedPolicy, tenantId } = this.#tenant;
    const issuedAtMs = this.#nowMs();
    const window = inboundWindow(policy.periods.flow.periodMs, issuedAtMs);
    const key = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
    const expected = { tenantId, roots: policy.roots, nowMs: issuedAtMs, allowDevelopment: true };
    return {
      inboundKeys: [...known, key],
      inboundPublicKey: key.publicKeyBytes,
      issuedAtMs,
      expiresAtMs: window.bucketEndMs,
      sealUntilMs: window.sealUntilMs,
      policyVersion: policy.version,
      policyHash: verifyPolicy(signedPolicy.policy, expected).policyHash,
    };
  }

  async #remember(conversation: OpenConversation): Promise<Answer> {
    const { statement } = conversation;
    this.#conversations.set(idToHex(statement.conversationId), conversation);
    const chain = await this.#tenant.chain(this.#nowMs());
    return { statement: signConversationStatement(statement, this.#tenant.issuer), chain };
  }

  #find(conversationId: Uint8Array): OpenConversation {
    const conversation = this.#conversations.get(idToHex(conversationId));
    if (conversation === undefined) throw new Error("the test asks for a conversation that was never opened");
    return conversation;
  }
}

function requireSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  if (!verifyEd25519(publicKey, message, signature)) {
    throw new PolicyError("SIGNATURE_INVALID", "The client did not sign this request.");
  }
}
