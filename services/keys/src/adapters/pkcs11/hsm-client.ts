import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { KmsError, kmsError } from "../../kms/kms-errors.ts";
import type { HsmAnswer, HsmAnswered, HsmRefusedAnswer, HsmRequest } from "./hsm-protocol.ts";

interface Pending {
  readonly resolve: (answer: HsmAnswered) => void;
  readonly reject: (error: KmsError) => void;
  readonly timer: NodeJS.Timeout;
}

/** A library that has not answered by then hangs: its process is ended. */
const GIVE_UP_MS = 10_000;

/** A vendor's library finds its settings there, and needs none of those of `keys`: one may hold a password. */
const environmentOfLibraries = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CLOISTER_")));

const program = (): string =>
  fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "hsm-process.ts" : "hsm-process.js", import.meta.url));

/** The process that holds an HSM's library, from its start to its end. It keeps nobody's event loop alive while it idles. */
export class HsmClient {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  private constructor(environment: Readonly<Record<string, string>>) {
    this.#child = fork(program(), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: [],
      env: { ...environmentOfLibraries(), ...environment },
    });
    this.#child.unref();
    this.#child.channel?.unref();
    // What it sends is made by hsm-process.ts, which is this build's own.
    this.#child.on("message", (message) => this.#answered(message as HsmAnswer));
    this.#child.once("error", () => this.#ended());
    this.#child.once("exit", () => this.#ended());
  }

  /** @throws KmsError KMS_SDK_MISSING, KMS_CONFIG_INVALID */
  static async start(
    request: HsmRequest & { readonly operation: "open" },
    environment: Readonly<Record<string, string>>,
  ): Promise<HsmClient> {
    const client = new HsmClient(environment);
    try {
      await client.ask(request);
      return client;
    } catch (error) {
      client.end();
      throw error;
    }
  }

  get isRunning(): boolean {
    return this.#child.connected && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @throws KmsError with the code that the process names; KMS_UNREACHABLE when it ends or hangs */
  ask(request: HsmRequest): Promise<HsmAnswered> {
    return new Promise((resolve, reject) => {
      if (!this.isRunning) {
        reject(gone());
        return;
      }
      const id = ++this.#lastId;
      const timer = setTimeout(() => this.end(), GIVE_UP_MS);
      this.#pending.set(id, { resolve, reject, timer });
      this.#child.channel?.ref();
      this.#child.send({ id, request }, (error) => {
        if (error !== null) this.#ended();
      });
    });
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  #answered(answer: HsmAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    clearTimeout(pending?.timer);
    if (this.#pending.size === 0) this.#child.channel?.unref();
    if ("refusal" in answer) pending?.reject(refusalOf(answer));
    else pending?.resolve(answer);
  }

  #ended(): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(gone());
    }
    this.#pending.clear();
  }
}

function refusalOf({ refusal, returned }: HsmRefusedAnswer): KmsError {
  if (refusal === "KMS_SDK_MISSING") {
    return new KmsError(refusal, "The package pkcs11js is not installed: npm install pkcs11js beside Cloister.");
  }
  return kmsError(refusal, returned === "" ? "PKCS#11" : `PKCS#11 (${returned})`);
}

export const gone = (): KmsError =>
  new KmsError("KMS_UNREACHABLE", "The HSM's library ended or hangs: look at its device and its own log.");
