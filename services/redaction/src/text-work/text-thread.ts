import { Worker } from "node:worker_threads";
import { PiiError, type PiiErrorCode, piiErrors } from "@cloister/pii";
import { deepModelFolder, type NamesModelChoice } from "@cloister/deep-names";
import type { TextAnswer, TextJob } from "./text-job.ts";

/** As a policy asks for it. */
export type Depth = "standard" | "deep";

const isDeep = ({ folder }: NamesModelChoice): boolean => folder === deepModelFolder;

interface Waiting {
  readonly resolve: (answer: TextAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread of its own for texts so long that they would keep this one from everything else. It starts with the first
 * job and takes one after the other; texts go there and back in memory alone.
 */
export class TextThread {
  #worker: Worker | undefined;
  readonly #waiting: Waiting[] = [];
  readonly #model: NamesModelChoice | undefined;

  /** The model is loaded in that thread alone: it reads what is found there. */
  constructor(model?: NamesModelChoice) {
    this.#model = model;
  }

  /** Whether the model reads a text under such a policy: one that was brought reads all, the deep one where it is asked for. */
  asksModel(depth: Depth): boolean {
    return this.#model !== undefined && (depth === "deep" || !isDeep(this.#model));
  }

  /** Whether this instance can read so. */
  canRead(depth: Depth): boolean {
    return depth === "standard" || (this.#model !== undefined && isDeep(this.#model));
  }

  /** Loads the model now, if there is one, so that what is wrong with it shows before a text comes. @throws PiiError BAD_MODEL */
  async openModel(): Promise<void> {
    if (this.#model === undefined) return;
    try {
      await this.run({ kind: "open-model" });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** @throws PiiError as the job itself does; Error when the thread ends before its answer */
  async run(job: TextJob): Promise<Exclude<TextAnswer, { kind: "failed" }>> {
    const worker = (this.#worker ??= this.#started());
    const answer = await new Promise<TextAnswer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.ref();
      worker.postMessage(job);
    });
    if (answer.kind !== "failed") return answer;
    if (isPiiCode(answer.code)) throw new PiiError(answer.code, answer.reason);
    throw new Error(`The thread for long texts failed: ${answer.reason}.`);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #started(): Worker {
    // As source or built: the file beside this one, of the same kind. Sources import each other's sources.
    const isSource = import.meta.url.endsWith(".ts");
    const worker = new Worker(new URL(isSource ? "text-worker.ts" : "text-worker.js", import.meta.url), {
      workerData: this.#model,
      ...(isSource && { execArgv: ["--conditions=cloister-source", "--disable-warning=ExperimentalWarning"] }),
    });
    worker.on("message", (answer: TextAnswer) => {
      this.#waiting.shift()?.resolve(answer);
      if (this.#waiting.length === 0) worker.unref();
    });
    worker.on("error", (error) => this.#fail(error instanceof Error ? error.name : "an unknown failure"));
    worker.on("exit", () => this.#fail("it ended"));
    worker.unref();
    return worker;
  }

  #fail(reason: string): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`The thread for long texts failed: ${reason}.`));
  }
}

function isPiiCode(code: string | undefined): code is PiiErrorCode {
  return code !== undefined && Object.hasOwn(piiErrors, code);
}
