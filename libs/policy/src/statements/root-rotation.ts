import { equalBytes } from "@noble/curves/utils.js";
import * as z from "zod/mini";
import type { NoteSigner } from "../ed25519.ts";
import { PolicyError } from "../errors.ts";
import { ed25519Key, tenantIdField, timeMs } from "../fields.ts";
import { noteKeyName } from "../key-names.ts";
import { openStatement, signStatement, statementFormat } from "../statement.ts";

const schema = z.strictObject({
  tenantId: tenantIdField,
  /** 1 for the first rotation, and so on without gaps. */
  index: z.int().check(z.minimum(1), z.maximum(15)),
  newRoot: ed25519Key,
  issuedAtMs: timeMs,
});

export type RootRotation = z.output<typeof schema>;

const format = statementFormat("root rotation", schema);

/** Signed by the root that steps down. */
export function signRootRotation(rotation: RootRotation, previousRoot: NoteSigner): Uint8Array {
  return signStatement(format, rotation, [{ name: noteKeyName(rotation.tenantId, "root"), key: previousRoot }]);
}

/**
 * @throws PolicyError of `openNote`; STATEMENT_MALFORMED; ROOT_UNTRUSTED if it is of another tenant or out of order.
 */
export function verifyRootRotation(
  note: Uint8Array,
  expected: { readonly tenantId: Uint8Array; readonly previousRoot: Uint8Array; readonly index: number },
): RootRotation {
  const name = noteKeyName(expected.tenantId, "root");
  const { value } = openStatement(format, note, [{ name, publicKey: expected.previousRoot }]);
  if (!equalBytes(value.tenantId, expected.tenantId) || value.index !== expected.index) {
    throw new PolicyError("ROOT_UNTRUSTED", "A root rotation is of another tenant or out of order.");
  }
  return value;
}
