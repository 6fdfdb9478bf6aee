import { randomBytes } from "node:crypto";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { ClientError, createClient, type Client, type ClientOptions, type Conversation } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import {
  definePolicy,
  type Admission,
  type NoteSigner,
  type Policy,
  type PolicyChoices,
  type PresetName,
} from "@cloister/policy";
import { eventually } from "@cloister/testing";
import { z } from "zod";
import { Device, type OpenedConversation } from "./device.ts";
import type { EmbeddedWorld } from "./embedded-world.ts";
import { openByHand } from "./open-by-hand.ts";
import { TestTenant } from "./tenant.ts";

const problemSchema = z.object({ code: z.string() });

/** A tenant's application in front of the HTTP doors: it says what it was told, as a code, whatever it tried. */
export class Application {
  readonly world: EmbeddedWorld;
  readonly tenant: TestTenant;

  constructor(world: EmbeddedWorld) {
    this.world = world;
    this.tenant = new TestTenant(world.cloister.instances);
  }

  /** With a policy in force: the choices over a preset, and over what the embedded services are. */
  static async under(
    world: EmbeddedWorld,
    choices: Partial<PolicyChoices> = {},
    preset: PresetName = "standard",
  ): Promise<Application> {
    const application = new Application(world);
    await application.client().applyPolicy(application.tenant.signed(application.policy(choices, preset)));
    return application;
  }

  get nowMs(): number {
    return this.world.clock.nowMs();
  }

  policy(choices: Partial<PolicyChoices> = {}, preset: PresetName = "standard"): Policy {
    const { version, tenantId, roots, notBeforeMs, expiresAtMs, measurements, admissionIssuers, kms, simulatedRoots } =
      this.tenant.policy(this.nowMs);
    const base = { version, tenantId, roots, notBeforeMs, expiresAtMs, measurements, admissionIssuers, kms };
    return definePolicy(preset, { ...base, simulatedRoots, development: true, ...choices });
  }

  client(options: Partial<ClientOptions> = {}): Client {
    const { ingest } = this.world.cloister;
    return createClient({
      baseUrl: ingest.address ?? "",
      accessToken: ingest.accessToken.reveal(),
      tenantId: this.tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: nodeBackend,
      clock: this.world.clock,
      ...options,
    });
  }

  openChat(admitted: Partial<Admission> = {}, client = this.client()): Promise<Conversation> {
    return client.openConversation({ admission: (keys) => this.tenant.admission(keys, this.nowMs, admitted) });
  }

  /** Puts a policy before the door. */
  apply(policy: Policy, root?: NoteSigner): Promise<string> {
    return codeOf(this.client().applyPolicy(this.tenant.signed(policy, root)));
  }

  /** Puts any bytes before the door as a policy. */
  applyNote(policy: Uint8Array, rootRotations: readonly Uint8Array[] = []): Promise<string> {
    const genesisRoot = this.tenant.root.publicKey;
    return codeOf(this.client().applyPolicy({ genesisRoot, policy, rootRotations }));
  }

  /** A conversation of a device below the SDK, which can send what the SDK never would. */
  opened(device = new Device()): Promise<OpenedConversation> {
    return openByHand(this.tenant, device, this.nowMs, (body) =>
      this.#post("/v1/conversations", "application/protobuf", body),
    );
  }

  /** Posts a sealed message once: the problem's code, or "accepted". */
  async post(envelope: Uint8Array): Promise<string> {
    const answer = await this.#post("/v1/messages", "application/octet-stream", envelope);
    const said: unknown = await answer.json();
    return answer.status === 202 ? "accepted" : problemSchema.parse(said).code;
  }

  /** The codes of the statuses in a conversation's mailbox, once there is one. */
  statusOf(conversation: Pick<Conversation, "id">): Promise<string> {
    return eventually(async () => {
      const status = (await this.world.mailbox(conversation)).find(({ kind }) => kind === "status");
      if (status?.code === undefined) throw new Error("no status yet");
      return status.code;
    });
  }

  #post(path: string, contentType: string, body: Uint8Array): Promise<Response> {
    const { ingest } = this.world.cloister;
    return fetch(`${ingest.address ?? ""}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${ingest.accessToken.reveal()}`,
        "content-type": contentType,
        "cloister-tenant": Buffer.from(this.tenant.tenantId).toString("hex"),
      },
      body: new Uint8Array(body),
    });
  }
}

/** What somebody was told: a problem's code, or "accepted". */
export async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "accepted";
  } catch (error) {
    if (error instanceof ClientError) return error.problem ?? error.code;
    throw error;
  }
}

export const anId = (): Uint8Array => randomBytes(16);
