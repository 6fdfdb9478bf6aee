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

export interface DoorParts {
  readonly pipeline: KeysPipeline;
  readonly credentials: DoorCredentials;
  /** Whether calls come over TLS, all of them. */
  readonly isTls: boolean;
  readonly log: Log;
  readonly audit: Audit;
  /** Told of each call. */
  readonly called: (method: string) => void;
}

/** The three services, each behind its own credential. */
export function keysRoutes(parts: DoorParts): (router: ConnectRouter) => void {
  const { pipeline, credentials, isTls, log, audit, called } = parts;
  const door = (token: string) => ({
    interceptors: [counting(called), answerRefusals(log, audit), requireCredential(token, isTls)],
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
