import {
  OpenConversationRequestSchema,
  OpenConversationResponseSchema,
  RenewConversationRequestSchema,
  RenewConversationResponseSchema,
} from "@cloister/contracts/keys/authority";
import { idToHex } from "@cloister/envelope";
import { Body, Controller, Header, HttpCode, Inject, Param, Post } from "@nestjs/common";

import { NeedsScope } from "../http/access.guard.ts";
import { protobufType, readProtobuf, writeProtobuf } from "../http/bodies.ts";
import { CallerOf, requireCallerTenant, type Caller } from "../http/caller.ts";
import { readConversationId } from "../http/conversation-id.ts";
import { problem } from "../ingest.problems.ts";
import { AUTHORITY, type Authority } from "./authority.ts";

/** Opening and renewing: the client's signed request goes to `keys`, the signed answer comes back, both verbatim. */
@Controller("v1/conversations")
export class ConversationsController {
  readonly #authority: Authority;

  constructor(@Inject(AUTHORITY) authority: Authority) {
    this.#authority = authority;
  }

  /** A serialized OpenConversationRequest. The same request again gets the same conversation. */
  @Post()
  @HttpCode(200)
  @Header("content-type", protobufType)
  @NeedsScope("conversations:open")
  async open(@CallerOf() caller: Caller, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(OpenConversationRequestSchema, body);
    requireCallerTenant(caller, idToHex(request.tenantId));
    return writeProtobuf(OpenConversationResponseSchema, await this.#authority.openConversation(request));
  }

  /** A serialized RenewConversationRequest for the conversation of the path. */
  @Post(":id/renew")
  @HttpCode(200)
  @Header("content-type", protobufType)
  @NeedsScope("conversations:open")
  async renew(@CallerOf() caller: Caller, @Param("id") id: string, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(RenewConversationRequestSchema, body);
    requireCallerTenant(caller, idToHex(request.tenantId));
    if (idToHex(request.conversationId) !== idToHex(readConversationId(id))) {
      throw problem("MALFORMED", "The request is for another conversation than its path.");
    }
    return writeProtobuf(RenewConversationResponseSchema, await this.#authority.renewConversation(request));
  }
}
