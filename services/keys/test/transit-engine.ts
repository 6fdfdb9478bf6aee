import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Kek } from "@cloister/service-keys";
import type { RunningOpenBao } from "@cloister/testing/engines";

const page = readFileSync(new URL("../../../docs/keys.md", import.meta.url), "utf8");
const documented = /```hcl\n(?<policy>[^`]+)```/u.exec(page)?.groups?.["policy"] ?? "";

/** What docs/keys.md gives to `keys` for one key, word by word. */
export const leastPolicy = (name: string): string => documented.replaceAll("tenant-kek", name);

/** What it gives to who destroys that key, by its reference. */
export const destroyingPolicy = (keyRef: string): string => `path "${keyRef}" { capabilities = ["read", "delete"] }`;

/** The Transit engine of an OpenBao, as its owner sets it up. */
export class TransitEngine {
  readonly #bao: RunningOpenBao;

  private constructor(bao: RunningOpenBao) {
    this.#bao = bao;
  }

  static async mount(bao: RunningOpenBao): Promise<TransitEngine> {
    await bao.admin("POST", "sys/mounts/transit", { type: "transit" });
    return new TransitEngine(bao);
  }

  /** A key whose deletion is allowed, unless `config` says otherwise. */
  async newKek(parameters: object = {}, config: object = { deletion_allowed: true }): Promise<Kek> {
    const kek = this.absentKek();
    await this.#bao.admin("POST", kek.keyRef, parameters);
    await this.#bao.admin("POST", `${kek.keyRef}/config`, config);
    return kek;
  }

  absentKek(): Kek {
    const keyRef = `transit/keys/kek-${randomBytes(6).toString("hex")}`;
    return { tenantId: new Uint8Array(16).fill(1), provider: "openbao", keyRef, trustsCredential: true };
  }

  /** A token with this policy besides the default one. */
  async token(policy: string, fields: object = {}): Promise<string> {
    const name = await this.policy(policy);
    const answer = await this.#bao.admin("POST", "auth/token/create", { policies: [name], ...fields });
    return textIn(answer, "auth", "client_token");
  }

  async policy(policy: string): Promise<string> {
    const name = `policy-${randomBytes(6).toString("hex")}`;
    await this.#bao.admin("POST", `sys/policies/acl/${name}`, { policy });
    return name;
  }

  async names(): Promise<string[]> {
    const answer = await this.#bao.admin("GET", "transit/keys?list=true");
    const keys = fieldIn(answer, "data", "keys");
    return Array.isArray(keys) ? keys.map(String) : [];
  }
}

/** A string in an answer of OpenBao's. */
export const textIn = (answer: unknown, ...path: readonly string[]): string => String(fieldIn(answer, ...path));

function fieldIn(answer: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined),
    answer,
  );
}
