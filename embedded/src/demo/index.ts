/** The steps of the demo, for whoever plays them on other engines. */
export { tryToOpen, type Asker, type Attempt } from "./attempts.ts";
export { demoConversations, demoDocuments } from "./conversations.ts";
export { percentilesOf, type Percentiles } from "./latency.ts";
export { copyEnvelopes, isForReaders, type CopiedEnvelope } from "./operator-copy.ts";
export { filesOf, tablesOf } from "./places.ts";
export { Player, type PlayedMessage } from "./play.ts";
export { Show } from "./show.ts";
export { makeTenant, type DemoTenant, type ReachedCloister } from "./tenant.ts";
export { typedInDemo } from "./typed-values.ts";
