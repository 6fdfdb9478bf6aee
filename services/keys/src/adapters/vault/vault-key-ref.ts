import type { Kek } from "../../kms/key-wrapper.ts";
import { KmsError } from "../../kms/kms-errors.ts";

const KEY_REF = /^(?<mount>[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)*)\/keys\/(?<name>[A-Za-z0-9][\w.-]*)$/u;

export interface TransitKey {
  /** Where the Transit engine is mounted, such as `transit`. */
  readonly mount: string;
  readonly name: string;
}

/** `transit/keys/tenant-kek`: the path that Vault itself shows the key at. @throws KmsError KMS_KEY_REF_INVALID */
export function transitKeyOf({ keyRef }: Pick<Kek, "keyRef">): TransitKey {
  const { mount, name } = KEY_REF.exec(keyRef)?.groups ?? {};
  if (mount !== undefined && name !== undefined) return { mount, name };
  throw new KmsError(
    "KMS_KEY_REF_INVALID",
    "The policy's keyRef is no key of Vault's Transit: write it as transit/keys/<name>, with the engine's own mount.",
  );
}
