import { create } from "@bufbuild/protobuf";
import {
  ApplyPolicyRequestSchema,
  ApplyPolicyResponseSchema,
  GetPolicyRequestSchema,
  GetPolicyResponseSchema,
} from "@cloister/contracts/keys/authority";
import { deriveTenantId, idToHex } from "@cloister/envelope";
import { Body, Controller, Get, Header, Inject, Put } from "@nestjs/common";

import { NeedsScope } from "../http/access.guard.ts";
import { protobufType, readProtobuf, writeProtobuf } from "../http/bodies.ts";
import { CallerOf, requireCallerTenant, tenantOf, type Caller } from "../http/caller.ts";
import { problem } from "../ingest.problems.ts";
import { POLICIES, type Policies } from "../messages/policies.ts";
import { AUTHORITY, type Authority } from "./authority.ts";

/** The tenant's policy: applied and shown by `keys`, carried by ingest. */
@Controller("v1/policy")
export class PolicyController {
  readonly #authority: Authority;
  readonly #policies: Policies;

  constructor(@Inject(AUTHORITY) authority: Authority, @Inject(POLICIES) policies: Policies) {
    this.#authority = authority;
    this.#policies = policies;
  }

  /** A serialized ApplyPolicyRequest; the tenant is that of its genesis root. */
  @Put()
  @Header("content-type", protobufType)
  @NeedsScope("policy:apply")
  async apply(@CallerOf() caller: Caller, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(ApplyPolicyRequestSchema, body);
    if (request.genesisRoot.length !== 32) throw problem("MALFORMED", "A genesis root has 32 bytes.");
    const tenantId = deriveTenantId(request.genesisRoot);
    requireCallerTenant(caller, idToHex(tenantId));
    const answer = await this.#authority.applyPolicy(request);
    this.#policies.forget(tenantId);
    return writeProtobuf(ApplyPolicyResponseSchema, answer);
  }

  /** A serialized GetPolicyResponse with the newest policy and its chain. */
  @Get()
  @Header("content-type", protobufType)
  @NeedsScope("policy:read")
  async newest(@CallerOf() caller: Caller): Promise<Buffer> {
    const request = create(GetPolicyRequestSchema, { tenantId: tenantOf(caller) });
    return writeProtobuf(GetPolicyResponseSchema, await this.#authority.getPolicy(request));
  }
}
