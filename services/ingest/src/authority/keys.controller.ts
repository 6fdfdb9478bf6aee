import {
  BeginUnlockRequestSchema,
  BeginUnlockResponseSchema,
  DestroyKekRequestSchema,
  DestroyKekResponseSchema,
  RotateKeysRequestSchema,
  RotateKeysResponseSchema,
  UnlockRequestSchema,
  UnlockResponseSchema,
} from "@cloister/contracts/keys/authority";
import { deriveTenantId, idToHex } from "@cloister/envelope";
import { Body, Controller, Header, HttpCode, Inject, Post } from "@nestjs/common";
import { NeedsScope } from "../http/access.guard.ts";
import { protobufType, readProtobuf, writeProtobuf } from "../http/bodies.ts";
import { CallerOf, requireCallerTenant, type Caller } from "../http/caller.ts";
import { problem } from "../ingest.problems.ts";
import { AUTHORITY, type Authority } from "./authority.ts";

/** What a tenant does with its keys: their KMS' credential on its way to `keys`, and others in their place. */
@Controller("v1/keys")
export class KeysController {
  readonly #authority: Authority;

  constructor(@Inject(AUTHORITY) authority: Authority) {
    this.#authority = authority;
  }

  /** A serialized BeginUnlockRequest. */
  @Post("evidence")
  @HttpCode(200)
  @Header("content-type", protobufType)
  @NeedsScope("policy:apply")
  async begin(@CallerOf() caller: Caller, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(BeginUnlockRequestSchema, body);
    requireCallerTenant(caller, idToHex(request.tenantId));
    return writeProtobuf(BeginUnlockResponseSchema, await this.#authority.beginUnlock(request));
  }

  /** A serialized UnlockRequest; the tenant is that of its genesis root. */
  @Post("unlock")
  @HttpCode(200)
  @Header("content-type", protobufType)
  @NeedsScope("policy:apply")
  async unlock(@CallerOf() caller: Caller, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(UnlockRequestSchema, body);
    requireTenantOfRoot(caller, request.genesisRoot);
    return writeProtobuf(UnlockResponseSchema, await this.#authority.unlock(request));
  }

  /** A serialized DestroyKekRequest; the tenant is that of its genesis root. */
  @Post("destroy")
  @HttpCode(200)
  @Header("content-type", protobufType)
  @NeedsScope("policy:apply")
  async destroy(@CallerOf() caller: Caller, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(DestroyKekRequestSchema, body);
    requireTenantOfRoot(caller, request.genesisRoot);
    return writeProtobuf(DestroyKekResponseSchema, await this.#authority.destroyKek(request));
  }

  /** A serialized RotateKeysRequest. */
  @Post("rotate")
  @HttpCode(200)
  @Header("content-type", protobufType)
  @NeedsScope("policy:apply")
  async rotate(@CallerOf() caller: Caller, @Body() body: unknown): Promise<Buffer> {
    const request = readProtobuf(RotateKeysRequestSchema, body);
    requireCallerTenant(caller, idToHex(request.tenantId));
    return writeProtobuf(RotateKeysResponseSchema, await this.#authority.rotateKeys(request));
  }
}

function requireTenantOfRoot(caller: Caller, genesisRoot: Uint8Array): void {
  if (genesisRoot.length !== 32) throw problem("MALFORMED", "A genesis root has 32 bytes.");
  requireCallerTenant(caller, idToHex(deriveTenantId(genesisRoot)));
}
