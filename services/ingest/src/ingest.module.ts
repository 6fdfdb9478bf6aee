import { Module, type DynamicModule } from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";

import { IssuedTokens } from "./access/issued-tokens.ts";
import { TokensController } from "./access/tokens.controller.ts";
import type { SqlMailbox } from "./adapters/sql-mailbox.ts";
import { AUTHORITY, type Authority } from "./authority/authority.ts";
import { ConversationsController } from "./authority/conversations.controller.ts";
import { PolicyController } from "./authority/policy.controller.ts";
import { KeysController } from "./authority/keys.controller.ts";
import { EnclavesController } from "./enclaves/enclaves.controller.ts";
import { BRIDGED_TENANTS, type BridgedTenants } from "./bridge/bridged-tenants.ts";
import { AccessGuard } from "./http/access.guard.ts";
import { OpenResponses } from "./http/open-responses.ts";
import { IngestMetrics } from "./ingest.metrics.ts";
import { IngestPipeline } from "./ingest.pipeline.ts";
import { CLOCK, SETTINGS, type IngestPorts, type IngestSettings } from "./ingest.ports.ts";
import { MessagesController } from "./messages/messages.controller.ts";
import { POLICIES, type Policies } from "./messages/policies.ts";
import { PressureConsumer } from "./pressure/pressure-consumer.ts";
import { MAILBOX, MAILBOX_STORE } from "./replies/mailbox.ts";
import { RepliesConsumer } from "./replies/replies.consumer.ts";
import { RepliesController } from "./replies/replies.controller.ts";
import { Waker } from "./replies/waker.ts";
import type { Access } from "./start-access.ts";

/** What the doors stand on. */
export interface IngestParts {
  readonly access: Access;
  readonly open: OpenResponses;
  readonly authority: Authority;
  readonly policies: Policies;
  readonly pipeline: IngestPipeline;
  readonly mailbox: SqlMailbox;
  readonly waker: Waker;
  readonly bridged: BridgedTenants;
  readonly metrics: IngestMetrics;
}

/** Composition root. */
@Module({})
export class IngestModule {
  static register(settings: IngestSettings, ports: IngestPorts, parts: IngestParts): DynamicModule {
    const { clock } = ports;
    return {
      module: IngestModule,
      controllers: [
        PolicyController,
        KeysController,
        ConversationsController,
        EnclavesController,
        MessagesController,
        RepliesController,
        TokensController,
        RepliesConsumer,
        PressureConsumer,
      ],
      providers: [
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: IssuedTokens, useValue: parts.access.issuedTokens },
        { provide: OpenResponses, useValue: parts.open },
        { provide: AUTHORITY, useValue: parts.authority },
        { provide: POLICIES, useValue: parts.policies },
        { provide: IngestPipeline, useValue: parts.pipeline },
        { provide: MAILBOX, useValue: parts.mailbox },
        { provide: MAILBOX_STORE, useValue: parts.mailbox },
        { provide: Waker, useValue: parts.waker },
        { provide: BRIDGED_TENANTS, useValue: parts.bridged },
        { provide: IngestMetrics, useValue: parts.metrics },
        { provide: CLOCK, useValue: clock },
        { provide: SETTINGS, useValue: settings },
      ],
    };
  }
}
