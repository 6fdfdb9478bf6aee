import { hexToBytes } from "@noble/hashes/utils.js";
import * as z from "zod/mini";
import { fromBase64 } from "../base64.ts";

/** Fields that the inputs of cases are made of. */

// Characters first, then their number: repeated groups of some characters need a stack as long as the text.
const BASE64_CHARACTERS = /^[A-Za-z0-9+/]*={0,2}$/;
const HEX_CHARACTERS = /^[0-9a-fA-F]*$/;

export const base64Field = z.pipe(
  z.string().check(
    z.regex(BASE64_CHARACTERS, "no base64"),
    z.refine((text) => text.length % 4 === 0, "no base64"),
  ),
  z.transform(fromBase64),
);

/** Hex of either case, of any length: one of another length than the field's equals nothing. */
export const anyHexField = z.pipe(
  z.string().check(
    z.regex(HEX_CHARACTERS, "no hex"),
    z.refine((text) => text.length % 2 === 0, "no hex"),
  ),
  z.transform((text: string) => hexToBytes(text.toLowerCase())),
);

export const byteField = z.int().check(z.gte(0), z.lte(0xff));

/** Seconds since 1970, in milliseconds. */
export const unixTimeField = z.pipe(
  z.int().check(z.gte(0), z.lte(8_640_000_000_000)),
  z.transform((seconds: number) => seconds * 1000),
);

/** The names that a strict schema didn't know; empty if something else is wrong with the value, too. */
export function onlyUnknownNames(error: z.core.$ZodError): readonly string[] {
  const names = error.issues.map((issue) =>
    issue.code === "unrecognized_keys" ? [...issue.path, issue.keys.join(", ")].join(".") : "",
  );
  return names.includes("") ? [] : names;
}

/** Which field is wrong and why, in one line. Values aren't repeated. */
export function problemOf({ issues }: z.core.$ZodError): string {
  return issues.map(sentenceOf).join("; ");
}

function sentenceOf({ path, message }: z.core.$ZodIssue): string {
  const name = path.join(".") || "the input";
  return message.endsWith("received undefined") ? `${name} is missing` : `${name}: ${message}`;
}
