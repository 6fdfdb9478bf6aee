import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { createSigningKey, type SigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { FormerIssuer } from "@cloister/policy";
import { KeysError } from "../errors.ts";
import { unwrapRow, wrapRow, type RowName } from "./row-wrap.ts";

/** One tenant's wrapping key and issuer key, unwrapped for a lease. Shows `[key]` however it is printed. */
export class TenantKeys {
  readonly tenantId: Uint8Array;
  /** Those that signed before this issuer, the newest first. */
  readonly formerIssuers: readonly FormerIssuer[];
  readonly #issuer: SigningKey;
  #wrappingKey: Buffer | undefined;

  /** Takes over `wrappingKey` (32 bytes) and copies the seed of the issuer key. */
  constructor(
    tenantId: Uint8Array,
    wrappingKey: Buffer,
    issuerSeed: Uint8Array,
    formerIssuers: readonly FormerIssuer[] = [],
  ) {
    this.formerIssuers = formerIssuers;
    this.tenantId = tenantId;
    this.#wrappingKey = wrappingKey;
    this.#issuer = createSigningKey(nodeBackend, issuerSeed);
  }

  /** @throws UNAVAILABLE after the lease */
  get issuer(): SigningKey {
    this.#live();
    return this.#issuer;
  }

  /** A fresh 32-byte key and its wrapped row. @throws UNAVAILABLE after the lease */
  generate(name: RowName): { key: Buffer; wrapped: Buffer } {
    const key = randomBytes(32);
    return { key, wrapped: this.wrap(name, key) };
  }

  /** @throws UNAVAILABLE after the lease */
  wrap(name: RowName, key: Uint8Array): Buffer {
    return wrapRow(this.#live(), name, key);
  }

  /** @throws KEY_CORRUPT for a row that was changed or moved; UNAVAILABLE after the lease */
  unwrap(name: RowName, wrapped: Uint8Array): Buffer {
    return unwrapRow(this.#live(), name, wrapped);
  }

  destroy(): void {
    this.#wrappingKey?.fill(0);
    this.#wrappingKey = undefined;
    this.#issuer.destroy();
  }

  toString(): string {
    return "[key]";
  }

  toJSON(): string {
    return "[key]";
  }

  [inspect.custom](): string {
    return "[key]";
  }

  #live(): Buffer {
    if (this.#wrappingKey !== undefined) return this.#wrappingKey;
    throw new KeysError("UNAVAILABLE", "The lease of a tenant's wrapping key ended during a call: try again.");
  }
}
