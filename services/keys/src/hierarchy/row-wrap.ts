import { openUnder, sealUnder } from "./aead.ts";

/** What a wrapped row holds and for whom: all of it is authenticated, so a row moved to another place does not open. */
export type RowName =
  | { readonly kind: "tenant-wrapping-key"; readonly tenantId: Uint8Array }
  | { readonly kind: "issuer-key"; readonly tenantId: Uint8Array }
  | { readonly kind: "former-issuers"; readonly tenantId: Uint8Array }
  | {
      readonly kind: "conversation-secret";
      readonly tenantId: Uint8Array;
      readonly conversationId: Uint8Array;
      readonly notAfterMs: number;
    }
  | {
      readonly kind: "bucket-key";
      readonly tenantId: Uint8Array;
      readonly purpose: string;
      readonly notAfterMs: number;
    };

/** label ‖ kind ‖ tenant ‖ (conversation | purpose) ‖ not_after, each with its length as 2 bytes before it. */
export function rowAad(name: RowName): Buffer {
  const parts = [Buffer.from("cloister/v1 row"), Buffer.from(name.kind), name.tenantId];
  switch (name.kind) {
    case "tenant-wrapping-key":
    case "issuer-key":
    case "former-issuers":
      break;
    case "conversation-secret":
      parts.push(name.conversationId, uint64(name.notAfterMs));
      break;
    case "bucket-key":
      parts.push(Buffer.from(name.purpose), uint64(name.notAfterMs));
      break;
  }
  return Buffer.concat(parts.flatMap((part) => [uint16(part.length), part]));
}

/** Wraps a key of 32 bytes under the tenant's wrapping key for the place that `name` says. */
export function wrapRow(wrappingKey: Uint8Array, name: RowName, key: Uint8Array): Buffer {
  return sealUnder(wrappingKey, rowAad(name), key);
}

/** The reverse of `wrapRow`. @throws KEY_CORRUPT for a row that was changed, moved, or is another tenant's */
export function unwrapRow(wrappingKey: Uint8Array, name: RowName, wrapped: Uint8Array): Buffer {
  return openUnder(wrappingKey, rowAad(name), wrapped);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
