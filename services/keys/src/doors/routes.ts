import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
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

/** The three services, each behind its own credential; `called` is told of each call. For a server, or `createRouterTransport` in tests. */
export function keysRoutes(
  pipeline: KeysPipeline,
  credentials: DoorCredentials,
  log: Log,
  audit: Audit,
  called: (method: string) => void = () => undefined,
): (router: ConnectRouter) => void {
  const door = (token: string) => ({
    interceptors: [counting(called), answerRefusals(log, audit), requireCredential(token)],
  });
  return (router) => {
    router.service(AuthorityService, pipeline.authority, door(credentials.authority));
    router.service(ReleaseService, pipeline.release, door(credentials.release));
    router.service(LifecycleService, pipeline.lifecycle, door(credentials.lifecycle));
  };
}

function counting(called: (method: string) => void): Interceptor {
  return (next) => (request) => {
    called(request.method.name);
    return next(request);
  };
}
