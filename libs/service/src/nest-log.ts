import type { LoggerService } from "@nestjs/common";
import type { Log } from "./log.ts";

/**
 * Nest's own logger, routed to ours. Its texts are dropped, since its filters print the messages of unknown errors;
 * what matters (start, stop, failures) is said by the service itself.
 */
export function nestLogger(log: Log): LoggerService {
  const nothing = (): void => undefined;
  return {
    log: nothing,
    debug: nothing,
    verbose: nothing,
    warn: () => log.warn("the framework reported a warning"),
    error: (thrown: unknown) => log.error("the framework reported an error", { error: thrown }),
    fatal: (thrown: unknown) => log.error("the framework reported a fatal error", { error: thrown }),
  };
}
