import type { CustomTransportStrategy } from "@nestjs/microservices";

/** A transport strategy that a service can ask about itself; `LogStrategy` of @cloister/messaging is one. */
export interface ServiceStrategy extends CustomTransportStrategy {
  /** True while its consumers have joined and none has died. */
  isReady(): boolean;
  /** Called at most once, when a consumer cannot go on. */
  onFatal(listener: (error: unknown) => void): void;
  /** Stops fetching, finishes the batch in work, leaves. May be called twice. */
  close(): Promise<void>;
}
