import type { Kek } from "../../kms/key-wrapper.ts";
import { KmsError } from "../../kms/kms-errors.ts";

const KEY_ARN = /^arn:aws(?:-[a-z]+)*:kms:(?<region>[a-z]{2}(?:-[a-z]+)+-\d):\d{12}:key\/(?:mrk-)?[0-9a-f-]{32,36}$/u;

/**
 * The region of a key's ARN. An alias is refused: whoever may change it would decide which key is meant.
 * @throws KmsError KMS_KEY_REF_INVALID
 */
export function regionOf({ keyRef }: Pick<Kek, "keyRef">): string {
  const region = KEY_ARN.exec(keyRef)?.groups?.["region"];
  if (region !== undefined) return region;
  throw new KmsError(
    "KMS_KEY_REF_INVALID",
    "The policy's keyRef is no key of AWS KMS: write its whole ARN, arn:aws:kms:<region>:<account>:key/<id>, no alias.",
  );
}
