import type { ConnectRouter } from "@connectrpc/connect";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import { ReleaseService } from "@cloister/contracts/keys/release";
import type { Audit, Log } from "@cloister/service";
import type { KeysPipeline } from "../keys.pipeline.ts";
import { answerRefusals } from "./answer-refusals.ts";
import { requireCredential } from "./credential.ts";

/** One token a door. */
export interface DoorCredentials {
  readonly authority: string;
  readonly release: string;
  readonly lifecycle: string;
}

/** The three services, each behind its own credential. For a server, or `createRouterTransport` in tests. */
export function keysRoutes(
  pipeline: KeysPipeline,
  credentials: DoorCredentials,
  log: Log,
  audit: Audit,
): (router: ConnectRouter) => void {
  const door = (token: string) => ({ interceptors: [answerRefusals(log, audit), requireCredential(token)] });
  return (router) => {
    router.service(AuthorityService, pipeline.authority, door(credentials.authority));
    router.service(ReleaseService, pipeline.release, door(credentials.release));
    router.service(LifecycleService, pipeline.lifecycle, door(credentials.lifecycle));
  };
}
