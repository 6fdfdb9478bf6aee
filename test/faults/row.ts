import type { ServiceName } from "../e2e/service-processes.ts";
import type { Evidence } from "./account.ts";
import type { Application } from "./application.ts";
import type { Deployment, Topology } from "./deployment.ts";
import type { Load } from "./load.ts";

/** Where a row plays: everything runs, and people talk. */
export interface Stage {
  readonly deployment: Deployment;
  readonly application: Application;
  readonly load: Load;
  /** How much is said in this run: a share of these is how a row tells time. */
  readonly messages: number;
  /** Notes the beginning and the end of the fault around an action. */
  during<T>(fault: () => Promise<T>): Promise<T>;
  /** A sentence that must be true; the row fails with it otherwise. */
  expect(isTrue: boolean, sentence: string): void;
  /** Figures for the table's last column, such as how many records were poisoned. */
  note(text: string): void;
  /** Ends a service and starts it again after a while, as whatever keeps processes would. */
  restart(service: ServiceName, options: { readonly signal: NodeJS.Signals; readonly afterMs: number }): Promise<void>;
  /** For what a row made outside of all folders. */
  onEnd(cleanUp: () => Promise<void>): void;
}

/** One line of the matrix. */
export interface Row {
  readonly name: string;
  /** What happens, in the words of the table. */
  readonly fault: string;
  readonly topology?: Partial<Topology>;
  /** Makes what the topology needs, for each run anew. */
  readonly place?: (onEnd: Stage["onEnd"]) => Promise<Partial<Topology>>;
  /** Whether it is played with each client of Kafka; else with the default alone. */
  readonly withEachClient: boolean;
  /** Whether it is about Kafka, and means nothing where PostgreSQL is the log. */
  readonly needsKafka?: boolean;
  /** Why it can't be played here; undefined when it can. */
  readonly missing?: () => Promise<string | undefined>;
  /** Lets the fault happen while people talk; resolves when it is over. */
  readonly play: (stage: Stage) => Promise<void>;
  /** What this row says about the evidence, besides the account that every row gives. */
  readonly judge?: (stage: Stage, evidence: Evidence) => Promise<void>;
}
