import { create } from "@bufbuild/protobuf";
import { ListInstancesRequestSchema } from "@cloister/contracts/keys/authority";
import { Controller, Get, Header, Inject } from "@nestjs/common";

import { AUTHORITY, type Authority } from "../authority/authority.ts";
import { NeedsScope } from "../http/access.guard.ts";
import { CallerOf, tenantOf, type Caller } from "../http/caller.ts";
import { describeEnclaves } from "./describe-enclaves.ts";
import type { EnclavesAnswer } from "./enclaves-answer.ts";

/** What a client or an auditor may look at before trusting: evidence, and what the tenant's policy allows. */
@Controller("v1/enclaves")
export class EnclavesController {
  readonly #authority: Authority;

  constructor(@Inject(AUTHORITY) authority: Authority) {
    this.#authority = authority;
  }

  @Get()
  @Header("cache-control", "no-store")
  @NeedsScope("policy:read")
  async list(@CallerOf() caller: Caller): Promise<EnclavesAnswer> {
    const tenantId = tenantOf(caller);
    const answer = await this.#authority.listInstances(create(ListInstancesRequestSchema, { tenantId }));
    return describeEnclaves(tenantId, answer);
  }
}
