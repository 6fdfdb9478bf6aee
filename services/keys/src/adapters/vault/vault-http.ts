import { KmsError } from "../../kms/kms-errors.ts";
import { boundedJson } from "../bounded-body.ts";

export interface VaultRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/v1/`. */
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
}

export interface VaultAnswer {
  readonly status: number;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
  /** When it was given by the server's clock, in ms since 1970, to the second; NaN when it doesn't say. */
  readonly dateMs: number;
}

const MAX_BODY_BYTES = 256 * 1024;
/** A socket is given up then; how long a tenant waits is not decided here. */
const GIVE_UP_MS = 10_000;

/** Vault's HTTP API at one address: no redirects, no answers without end, no texts of errors. */
export class VaultHttp {
  readonly #address: string;
  readonly #namespace: string | undefined;

  /** `address` without a path, such as https://vault.example.com:8200. */
  constructor({ address, namespace }: { readonly address: string; readonly namespace?: string }) {
    this.#address = address.replace(/\/+$/u, "");
    this.#namespace = namespace;
  }

  /**
   * Any answer below 500 except 429.
   * @throws KmsError KMS_UNREACHABLE when there is none, or the server says that it can't; KMS_THROTTLED for 429
   */
  async send({ method, path, token, body }: VaultRequest): Promise<VaultAnswer> {
    const answer = await this.#fetch(path, {
      method,
      headers: {
        "X-Vault-Request": "true",
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(token !== undefined && { "X-Vault-Token": token }),
        ...(this.#namespace !== undefined && { "X-Vault-Namespace": this.#namespace }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { status } = answer;
    if (status === 429) {
      throw new KmsError("KMS_THROTTLED", "Vault refuses because of too many calls: raise its quota for `keys`.");
    }
    if (status < 500 && status !== 412) return answer;
    const sentence = `Vault answers ${status}: it is sealed, a standby without its leader, or failing.`;
    throw new KmsError("KMS_UNREACHABLE", sentence);
  }

  async #fetch(path: string, init: RequestInit): Promise<VaultAnswer> {
    try {
      const response = await fetch(`${this.#address}/v1/${path}`, {
        ...init,
        redirect: "error",
        signal: AbortSignal.timeout(GIVE_UP_MS),
      });
      const dateMs = Date.parse(response.headers.get("date") ?? "");
      return { status: response.status, dateMs, body: await boundedJson(response, MAX_BODY_BYTES) };
    } catch (cause) {
      const sentence = "Vault can't be reached: look at its address, the network to it and its certificate.";
      throw new KmsError("KMS_UNREACHABLE", sentence, { cause });
    }
  }
}

/** What Vault wrote about a refusal, to tell refusals apart. Never shown: it may quote what it was sent. */
export function refusalText({ body }: Pick<VaultAnswer, "body">): string {
  if (typeof body !== "object" || body === null || !("errors" in body) || !Array.isArray(body.errors)) return "";
  return body.errors.filter((error) => typeof error === "string").join("\n");
}
