import type { Kek } from "../../kms/key-wrapper.ts";
import { KmsError } from "../../kms/kms-errors.ts";

/** Which key of which token: its label, its id (hex), or both. */
export interface TokenKey {
  readonly token: string;
  readonly label?: string;
  readonly idHex?: string;
}

const ATTRIBUTE = /^(?<name>[a-z-]+)=(?<value>(?:%[0-9a-fA-F]{2}|[\w.~:[\]@!$'()*+,&-])*)$/u;

/**
 * A PKCS#11 URI (RFC 7512) of a secret key: `pkcs11:token=cloister;object=tenant-kek`. Token and label or id, nothing
 * else: no PIN belongs into a policy. @throws KmsError KMS_KEY_REF_INVALID
 */
export function tokenKeyOf({ keyRef }: Pick<Kek, "keyRef">): TokenKey {
  const [scheme, path = ""] = splitOnce(keyRef, ":");
  const attributes = path.split(";").map((attribute) => ATTRIBUTE.exec(attribute)?.groups ?? {});
  const found: Partial<Record<"token" | "object" | "id" | "type", Buffer>> = {};
  for (const { name, value = "" } of attributes) {
    if (scheme !== "pkcs11" || !isKnown(name) || name in found) throw invalid();
    found[name] = decoded(value);
  }
  const { token, object, id, type } = found;
  if (token === undefined || (object === undefined && id === undefined)) throw invalid();
  if (type !== undefined && type.toString() !== "secret-key") throw invalid();
  return {
    token: token.toString(),
    ...(object !== undefined && { label: object.toString() }),
    ...(id !== undefined && { idHex: id.toString("hex") }),
  };
}

function isKnown(name: string | undefined): name is "token" | "object" | "id" | "type" {
  return name === "token" || name === "object" || name === "id" || name === "type";
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Each %XX is a byte; `ATTRIBUTE` has left nothing but ASCII beside them. */
function decoded(value: string): Buffer {
  return Buffer.from(
    value.replace(/%([0-9a-fA-F]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

const invalid = (): KmsError =>
  new KmsError(
    "KMS_KEY_REF_INVALID",
    "The policy's keyRef is no secret key of a token: write pkcs11:token=<label>;object=<label>, or id= in its place.",
  );
