import type { Secret } from "@cloister/service";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Which servers to ask: one, the master that sentinels name, or a cluster. */
export type RedisServers =
  | { readonly kind: "single"; readonly address: RedisAddress; readonly database: number }
  | { readonly kind: "sentinel"; readonly sentinels: readonly RedisAddress[]; readonly group: string }
  | { readonly kind: "cluster"; readonly nodes: readonly RedisAddress[] };

export interface RedisSettings {
  readonly servers: RedisServers;
  readonly username?: string;
  readonly password?: Secret;
  readonly sentinelPassword?: Secret;
  /** Missing: plain TCP. `ca` is PEM; without it, what the machine trusts. Sentinels are spoken to the same way. */
  readonly tls?: { readonly ca?: string };
  /** Before every key and channel, so that deployments can share a server. */
  readonly prefix: string;
}
