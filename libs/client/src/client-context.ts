import type { AsyncBackend } from "@cloister/envelope/web";

import type { Clock } from "./clock.ts";
import type { HttpDoor } from "./http-door.ts";
import type { RetryPolicy } from "./retry.ts";
import type { TenantAuthority } from "./tenant-authority.ts";

/** What all conversations of a client share. */
export interface ClientContext {
  readonly backend: AsyncBackend;
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
  readonly door: HttpDoor;
  readonly authority: TenantAuthority;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
}
