import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Client, type Conversation } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { systemClock } from "@cloister/service";
import { z } from "zod";
import type { Device, OpenedConversation } from "../e2e/device.ts";
import { openByHand } from "../e2e/open-by-hand.ts";
import type { ServiceProcesses } from "../e2e/service-processes.ts";
import { TestTenant } from "../e2e/tenant.ts";
import type { MailboxDoor } from "./mailbox.ts";
import { WatchedDoor } from "./watched-door.ts";

const issued = z.object({ token: z.string() });
const appScopes = ["messages:send", "conversations:open", "replies:read"];

/** A tenant with an application of many users, which goes on trying as long as a row lasts. */
export class Application {
  readonly tenant: TestTenant;
  readonly door = new WatchedDoor();
  readonly mailboxDoor: MailboxDoor;
  readonly #client: Client;

  private constructor(tenant: TestTenant, mailboxDoor: MailboxDoor) {
    this.tenant = tenant;
    this.mailboxDoor = mailboxDoor;
    this.#client = createClient({
      baseUrl: mailboxDoor.baseUrl,
      accessToken: mailboxDoor.accessToken,
      tenantId: tenant.tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: nodeBackend,
      fetch: this.door.fetch,
      retry: { attempts: 1_000, firstPauseMs: 100, longestPauseMs: 1_000 },
    });
  }

  /** Makes the tenant, and a token that outlives a start of ingest. */
  static async start(services: ServiceProcesses): Promise<Application> {
    const tenant = new TestTenant(await services.instances());
    const tenantIdHex = Buffer.from(tenant.tenantId).toString("hex");
    const administration = await services.accessToken;
    const answer = await fetch(`${services.ingestUrl}/v1/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${administration}`, "content-type": "application/json" },
      body: JSON.stringify({ label: "application", scopes: [...appScopes, "policy:apply"], tenantIdHex }),
    });
    if (!answer.ok) throw new Error(`the application got no token: ${answer.status} ${await answer.text()}`);
    const accessToken = issued.parse(await answer.json()).token;
    const application = new Application(tenant, { baseUrl: services.ingestUrl, accessToken, tenantIdHex });
    await application.#client.applyPolicy(tenant.signed(tenant.policy(systemClock.nowMs())));
    return application;
  }

  /** A conversation of a device below the SDK, which can seal what the SDK never would. */
  openByHand(device: Device): Promise<OpenedConversation> {
    const { baseUrl, accessToken, tenantIdHex } = this.mailboxDoor;
    return openByHand(this.tenant, device, systemClock.nowMs(), (body) =>
      fetch(`${baseUrl}/v1/conversations`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${accessToken}`,
          "content-type": "application/protobuf",
          "cloister-tenant": tenantIdHex,
        },
        body: new Uint8Array(body),
      }),
    );
  }

  openConversation(): Promise<Conversation> {
    return this.#client.openConversation({ admission: (keys) => this.tenant.admission(keys, systemClock.nowMs()) });
  }
}
