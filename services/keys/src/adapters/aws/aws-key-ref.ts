import type { Kek } from "../../kms/key-wrapper.ts";
import { KmsError } from "../../kms/kms-errors.ts";

const KEY_ARN = /^arn:aws(?:-[a-z]+)*:kms:(?<region>[a-z]{2}(?:-[a-z]+)+-\d):\d{12}:key\/(?:mrk-)?[0-9a-f-]{32,36}$/u;

/** AWS' own, for the partitions that are reached from the internet. */
const DOMAINS: Readonly<Record<string, string>> = {
  aws: "amazonaws.com",
  "aws-us-gov": "amazonaws.com",
  "aws-cn": "amazonaws.com.cn",
};

/**
 * Where AWS KMS is for a key's region. Always named to AWS' client, which else takes whatever its environment and files
 * say, unseen by evidence.
 * @throws KmsError KMS_CONFIG_INVALID in a partition whose addresses are not public
 */
export function awsAddressOf(kek: Pick<Kek, "keyRef">): string {
  const region = regionOf(kek);
  const domain = DOMAINS[kek.keyRef.split(":")[1] ?? ""];
  if (domain !== undefined) return `https://kms.${region}.${domain}`;
  const sentence = "The key is in a partition of AWS whose addresses are not public: set CLOISTER_KEYS_AWS_ENDPOINT.";
  throw new KmsError("KMS_CONFIG_INVALID", sentence);
}

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
