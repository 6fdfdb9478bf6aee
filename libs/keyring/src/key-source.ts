import type { Keyring } from "./keyring.ts";
import type { LeasedKeys } from "./leased-keys.ts";

/** The keys of one batch, as a service uses them. */
export type KeyLease = Pick<LeasedKeys, keyof LeasedKeys>;

/** A Keyring as a service uses it: what a test without `keys` stands in for. */
export interface KeySource extends Pick<Keyring, "signer" | "close"> {
  lease(...batch: Parameters<Keyring["lease"]>): Promise<KeyLease>;
}
