import { Module, type DynamicModule } from "@nestjs/common";
import {
  portNumber,
  readSecretFile,
  ServiceError,
  startService,
  TokenDigest,
  variable,
  type Clock,
  type ConfigOf,
  type Log,
  type RunningService,
} from "@cloister/service";
import { z } from "zod";
import type { ConsumingService, DeadLetters } from "../dead-letters.ts";
import { DEAD_LETTERS, OperationsController } from "./operations.controller.ts";
import { OperationsGuard } from "./operations.guard.ts";

export interface OperationsOptions {
  readonly http: { readonly host: string; readonly port: number };
  /** At least 32 characters. */
  readonly token: string;
  /** Of all consumers that this door is for. */
  readonly deadLetters: readonly DeadLetters[];
  readonly clock: Clock;
  readonly log: Log;
}

@Module({})
class OperationsModule {
  static register({ token, deadLetters }: OperationsOptions): DynamicModule {
    return {
      module: OperationsModule,
      controllers: [OperationsController],
      providers: [
        OperationsGuard,
        { provide: TokenDigest, useValue: new TokenDigest(token) },
        { provide: DEAD_LETTERS, useValue: deadLetters },
      ],
    };
  }
}

/** The operations door: a listener of its own, so that it can be kept apart from what clients reach. @throws START_FAILED */
export function startOperations(options: OperationsOptions): Promise<RunningService> {
  const { http, clock, log } = options;
  return startService({ name: "operations", module: OperationsModule.register(options), http, clock, log });
}

/** For the configuration of every consuming service. */
export const operationsVariables = {
  operationsHost: variable("CLOISTER_OPERATIONS_HOST", z.string().min(1), {
    description: "Address that the operations door (`cloister dlq`) listens on",
    default: "127.0.0.1",
  }),
  operationsPort: variable("CLOISTER_OPERATIONS_PORT", portNumber.optional(), {
    description: "Port of the operations door; unset: there is none",
  }),
  operationsTokenFile: variable("CLOISTER_OPERATIONS_TOKEN_FILE", z.string().min(1).optional(), {
    description: "File (0600) with the token of the operations door, 32 characters or more; the same for all services",
  }),
};

const MIN_CHARACTERS = 32;

/**
 * A service with its operations door, if one is configured: they end together.
 * @throws ServiceError CONFIG_INVALID, SECRET_FILE_OPEN or SECRET_FILE_UNREADABLE without a usable token; START_FAILED. The service is closed then.
 */
export async function withOperations(
  service: ConsumingService,
  config: ConfigOf<typeof operationsVariables>,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<RunningService> {
  const { operationsHost: host, operationsPort: port, operationsTokenFile } = config;
  if (port === undefined) return service;
  try {
    const token = await tokenIn(operationsTokenFile);
    const door = await startOperations({ http: { host, port }, token, deadLetters: service.deadLetters, ...ports });
    return {
      ...service,
      close: async () => {
        await door.close();
        await service.close();
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

async function tokenIn(path: string | undefined): Promise<string> {
  const token = path === undefined ? "" : await readSecretFile(path);
  if (token.length >= MIN_CHARACTERS) return token;
  throw new ServiceError(
    "CONFIG_INVALID",
    "CLOISTER_OPERATIONS_TOKEN_FILE names no file with 32 characters or more, and the operations door needs one",
  );
}
