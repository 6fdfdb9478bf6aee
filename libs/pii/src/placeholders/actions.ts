import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { PiiError } from "../errors.ts";
import { generalized } from "./generalize.ts";
import { valueKey } from "./known-values.ts";

/**
 * What becomes of a find: a placeholder, which those with the map can read back; and without a way back a mask, a keyed
 * hash or something more general; or the whole text is refused.
 */
export const entityActions = ["placeholder", "mask", "hash", "generalize", "refuse"] as const;
export type EntityAction = (typeof entityActions)[number];

/** As long for every value: not even the length shows. */
const mask = "****";
const hashKeyBytes = 32;
const hashDigits = 16;

/**
 * What is written in place of a value, or undefined where a placeholder is. A value that can't be made more general gets
 * a placeholder. A hash is `[PERSON#` and 16 digits of HMAC-SHA-256 over kind and normal form, so that two spellings of
 * one value have one hash; whoever has the key can try values.
 */
export function written(
  action: EntityAction,
  { type, value }: { readonly type: string; readonly value: string },
  hashKey: Uint8Array | undefined,
): string | undefined {
  switch (action) {
    case "placeholder":
      return undefined;
    case "mask":
      return mask;
    case "generalize":
      return generalized(type, value);
    case "hash":
      return `[${type}#${hashOf(`${type}\0${valueKey({ type, value })}`, hashKey)}]`;
    case "refuse":
      throw new PiiError("REFUSED_ENTITY", `the text holds ${type}, which may not be sent`);
  }
}

function hashOf(text: string, key: Uint8Array | undefined): string {
  if (key?.length !== hashKeyBytes) throw new RangeError("hashing values needs a key of 32 bytes");
  return bytesToHex(hmac(sha256, key, utf8ToBytes(text))).slice(0, hashDigits);
}
