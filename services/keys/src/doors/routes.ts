import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import { ReleaseService } from "@cloister/contracts/keys/release";
import type { Audit, Log } from "@cloister/service";
import type { KeysLimits } from "../limits/keys-limits.ts";
import type { KeysPipeline } from "../keys.pipeline.ts";
import { answerRefusals } from "./answer-refusals.ts";
import { requireCredential } from "./credential.ts";
import { limitInstances, limitTenants } from "./limit-calls.ts";

/** One token a door. */
export interface DoorCredentials {
  readonly authority: string;
  readonly release: string;
  readonly lifecycle: string;
}

export interface DoorParts {
  readonly pipeline: KeysPipeline;
  readonly credentials: DoorCredentials;
  /** Whether calls come over TLS, all of them. */
  readonly isTls: boolean;
  readonly log: Log;
  readonly audit: Audit;
  readonly limits: KeysLimits;
  /** Told of each call. */
  readonly called: (method: string) => void;
}

/** The three services, each behind its own credential. */
export function keysRoutes(parts: DoorParts): (router: ConnectRouter) => void {
  const { pipeline, credentials, isTls, log, audit, limits, called } = parts;
  const door = (token: string, ...further: Interceptor[]) => ({
    interceptors: [counting(called), answerRefusals(log, audit), requireCredential(token, isTls), ...further],
  });
  return (router) => {
    router.service(AuthorityService, pipeline.authority, door(credentials.authority, limitTenants(limits)));
    router.service(ReleaseService, pipeline.release, door(credentials.release, limitInstances(limits)));
    router.service(LifecycleService, pipeline.lifecycle, door(credentials.lifecycle));
  };
}

function counting(called: (method: string) => void): Interceptor {
  return (next) => (request) => {
    called(request.method.name);
    return next(request);
  };
}
