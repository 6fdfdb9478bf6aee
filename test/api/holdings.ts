import { randomBytes } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type ClientPublicKeys, type Conversation } from "@cloister/client";
import {
  BeginUnlockRequestSchema,
  BeginUnlockResponseSchema,
  DestroyKekRequestSchema,
  RotateKeysRequestSchema,
  UnlockRequestSchema,
} from "@cloister/contracts/keys/authority";
import { idToHex, readHeader } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { signKekDestruction, signKmsUnlock } from "@cloister/policy";
import { z } from "zod";
import type { EmbeddedWorld } from "../e2e/embedded-world.ts";
import { TestTenant } from "../e2e/tenant.ts";

/** What one tenant has behind the doors, and the requests by which its own application got it. */
export interface Holdings {
  readonly tenantIdHex: string;
  readonly conversationIdHex: string;
  /** Of the message that was sent. */
  readonly messageIdHex: string;
  readonly tokenIdHex: string;
  /** Bodies by the operation that they are for. */
  readonly bodies: Readonly<Record<BodyName, Uint8Array>>;
}

type BodyName =
  | "openConversation"
  | "renewConversation"
  | "sendMessage"
  | "applyPolicy"
  | "beginUnlock"
  | "unlockKeys"
  | "rotateKeys"
  | "destroyKek";

const tokenAnswer = z.object({ id: z.string(), token: z.string() });

/** Makes an access token with the deployment's own. `tenantIdHex` null: for every tenant. */
export async function makeToken(
  { cloister }: EmbeddedWorld,
  wish: { tenantIdHex: string | null; scopes: readonly string[]; expiresAtMs?: number },
): Promise<{ readonly id: string; readonly token: string }> {
  const response = await fetch(new URL("/v1/tokens", cloister.ingest.address ?? ""), {
    method: "POST",
    headers: { authorization: `Bearer ${cloister.ingest.accessToken.reveal()}`, "content-type": "application/json" },
    body: JSON.stringify({ label: "of a test", ...wish }),
  });
  return tokenAnswer.parse(await response.json());
}

/** New tenants that each applied a policy, opened and renewed a conversation, sent a message, and made a token. */
export async function newHoldings(world: EmbeddedWorld, count: number): Promise<Holdings[]> {
  const applications = Array.from({ length: count }, () => new Application(world));
  for (const application of applications) await application.begin();
  // Past the time that may be sealed to: the next message renews first.
  world.clock.advance(25 * 60 * 60 * 1_000);
  const holdings: Holdings[] = [];
  for (const application of applications) holdings.push(await application.goOn());
  return holdings;
}

/** A tenant's application, whose requests are written down. */
class Application {
  readonly #world: EmbeddedWorld;
  readonly #tenant: TestTenant;
  readonly #sent = new Map<string, Uint8Array>();
  readonly #client: Client;
  #conversation: Conversation | undefined;

  constructor(world: EmbeddedWorld) {
    const { ingest, instances } = world.cloister;
    this.#world = world;
    this.#tenant = new TestTenant(instances);
    this.#client = createClient({
      baseUrl: ingest.address ?? "",
      accessToken: ingest.accessToken.reveal(),
      tenantId: this.#tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: nodeBackend,
      clock: world.clock,
      fetch: (input, init) => {
        const { pathname } = new URL(input instanceof Request ? input.url : input);
        const operation = pathname.split("/").at(-1) ?? "";
        if (init?.body instanceof Uint8Array) this.#sent.set(operation, new Uint8Array(init.body));
        return fetch(input, init);
      },
    });
  }

  async begin(): Promise<void> {
    const tenant = this.#tenant;
    await this.#client.applyPolicy(tenant.signed(tenant.policy(this.#world.clock.nowMs())));
    this.#conversation = await this.#open();
  }

  async goOn(): Promise<Holdings> {
    const conversation = this.#conversation ?? (await this.#open());
    await conversation.send("a message of its own");
    const bodies = { renewConversation: this.#taken("renew"), sendMessage: this.#taken("messages") };
    // The admission of the first one has ended meanwhile.
    await this.#open();
    const tenantIdHex = idToHex(this.#tenant.tenantId);
    const { id: tokenIdHex } = await makeToken(this.#world, { tenantIdHex, scopes: ["messages:send"] });
    return {
      tenantIdHex,
      conversationIdHex: idToHex(conversation.id),
      messageIdHex: idToHex(readHeader(bodies.sendMessage).messageId),
      tokenIdHex,
      bodies: {
        ...bodies,
        ...(await this.#ofKeys()),
        openConversation: this.#taken("conversations"),
        applyPolicy: this.#taken("policy"),
      },
    };
  }

  /** What the tenant asks of its keys: to prove themselves, to forget a KMS' credential, to be made anew, to be destroyed. */
  async #ofKeys(): Promise<Record<"beginUnlock" | "unlockKeys" | "rotateKeys" | "destroyKek", Uint8Array>> {
    const { root, tenantId } = this.#tenant;
    const begin = create(BeginUnlockRequestSchema, { tenantId, nonce: randomBytes(32) });
    const beginUnlock = toBinary(BeginUnlockRequestSchema, begin);
    const issuedAtMs = this.#world.clock.nowMs();
    const said = async () => ({
      tenantId,
      challenge: await this.#challenge(beginUnlock),
      commitment: new Uint8Array(32),
      issuedAtMs,
    });
    const { provider, keyRef } = this.#tenant.policy(issuedAtMs).kms;
    const unlock = create(UnlockRequestSchema, {
      genesisRoot: root.publicKey,
      statement: signKmsUnlock({ ...(await said()), action: "lock" }, root, "root"),
    });
    const destroy = create(DestroyKekRequestSchema, {
      genesisRoot: root.publicKey,
      statement: signKekDestruction({ ...(await said()), provider, keyRef }, root, "root"),
    });
    return {
      beginUnlock,
      unlockKeys: toBinary(UnlockRequestSchema, unlock),
      rotateKeys: toBinary(RotateKeysRequestSchema, create(RotateKeysRequestSchema, { tenantId })),
      destroyKek: toBinary(DestroyKekRequestSchema, destroy),
    };
  }

  /** For one order. */
  async #challenge(beginUnlock: Uint8Array): Promise<Uint8Array> {
    const { ingest } = this.#world.cloister;
    const response = await fetch(new URL("/v1/keys/evidence", ingest.address ?? ""), {
      method: "POST",
      headers: {
        authorization: `Bearer ${ingest.accessToken.reveal()}`,
        "cloister-tenant": idToHex(this.#tenant.tenantId),
        "content-type": "application/protobuf",
      },
      body: new Uint8Array(beginUnlock),
    });
    return fromBinary(BeginUnlockResponseSchema, new Uint8Array(await response.arrayBuffer())).challenge;
  }

  #open(): Promise<Conversation> {
    const admission = (keys: ClientPublicKeys) => this.#tenant.admission(keys, this.#world.clock.nowMs());
    return this.#client.openConversation({ admission });
  }

  #taken(operation: string): Uint8Array {
    const body = this.#sent.get(operation);
    if (body === undefined) throw new Error(`the SDK sent no ${operation}: ${[...this.#sent.keys()].join(", ")}`);
    return body;
  }
}

/** The same holdings with other ids: nobody has them. */
export function withOtherIds(holdings: Holdings, which: "conversation" | "tenant"): Holdings {
  const other = renamed(renamed(holdings, "conversationIdHex"), "messageIdHex");
  const moved = { ...other, tokenIdHex: randomHex() };
  return which === "conversation" ? moved : renamed(moved, "tenantIdHex");
}

/** What a caller would send to reach into another's conversation from its own tenant. */
export function inTenant(holdings: Holdings, tenantIdHex: string): Holdings {
  return renamed(holdings, "tenantIdHex", tenantIdHex);
}

function renamed(
  holdings: Holdings,
  name: "tenantIdHex" | "conversationIdHex" | "messageIdHex",
  value = randomHex(),
): Holdings {
  const replaced = (body: Uint8Array) => {
    const hex = Buffer.from(body).toString("hex").replaceAll(holdings[name], value);
    return new Uint8Array(Buffer.from(hex, "hex"));
  };
  const { bodies } = holdings;
  return {
    ...holdings,
    [name]: value,
    bodies: {
      ...bodies,
      openConversation: replaced(bodies.openConversation),
      renewConversation: replaced(bodies.renewConversation),
      sendMessage: replaced(bodies.sendMessage),
      beginUnlock: replaced(bodies.beginUnlock),
      rotateKeys: replaced(bodies.rotateKeys),
    },
  };
}

const randomHex = (): string => randomBytes(16).toString("hex");
