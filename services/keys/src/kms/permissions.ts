import type { Kek } from "./key-wrapper.ts";

/** Something that the credential of `keys` is allowed at the KMS, or not, and whether it should be. */
export interface KmsPermission {
  /** In the provider's words: `update on transit/encrypt/kek`. */
  readonly name: string;
  readonly isGiven: boolean;
  readonly isWanted: boolean;
  /** What to do when the two differ. */
  readonly remedy: string;
}

/** A KMS that can say what its caller may do, without it being tried. */
export interface StatesPermissions {
  /** What it tells nobody without its being done, in its own words: whoever owns the key looks that up. */
  readonly untoldPermissions?: readonly string[];
  /** @throws KmsError */
  permissions(kek: Kek): Promise<readonly KmsPermission[]>;
}

export function statesPermissions<T extends object>(wrapper: T): wrapper is T & StatesPermissions {
  return "permissions" in wrapper && typeof wrapper.permissions === "function";
}
