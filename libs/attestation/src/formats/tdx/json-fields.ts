import { hexToBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";

// The fields that Intel's documents are made of. Members that aren't named are skipped: Intel adds some now and then.

/** Exactly `length` bytes in hex of either case, as Intel mixes them. */
export function hexField(length: number): z.ZodMiniType<Uint8Array, string> {
  const digits = z.string().check(z.regex(new RegExp(`^[0-9a-fA-F]{${2 * length}}$`)));
  return z.pipe(digits, z.transform(hexToBytes));
}

export const uint8Field = z.int().check(z.gte(0), z.lte(0xff));
export const uint16Field = z.int().check(z.gte(0), z.lte(0xffff));
export const uint32Field = z.int().check(z.gte(0), z.lte(0xffffffff));

/** A time as Intel writes it, 2026-11-22T12:00:00Z, in milliseconds. */
export const timeField: z.ZodMiniType<number, string> = z.pipe(
  z.string().check(
    z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    z.refine((text) => !Number.isNaN(Date.parse(text)), "a time that doesn't exist"),
  ),
  z.transform((text) => Date.parse(text)),
);

export const advisoriesField = z._default(z.array(z.string()), []);
