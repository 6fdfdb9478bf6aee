import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { deriveInboundSeed, derivePurposeKey } from "../src/hierarchy/derive.ts";
import { rowAad, unwrapRow, wrapRow, type RowName } from "../src/hierarchy/row-wrap.ts";
import { codeOf } from "./codes.ts";

const wrappingKey = new Uint8Array(32).fill(1);
const key = new Uint8Array(32).fill(2);
const tenantId = new Uint8Array(16).fill(3);
const conversationId = new Uint8Array(16).fill(4);
const notAfterMs = 1_795_392_000_000;
const names: Readonly<Record<RowName["kind"], RowName>> = {
  "tenant-wrapping-key": { kind: "tenant-wrapping-key", tenantId },
  "issuer-key": { kind: "issuer-key", tenantId },
  "former-issuers": { kind: "former-issuers", tenantId },
  "conversation-secret": { kind: "conversation-secret", tenantId, conversationId, notAfterMs },
  "bucket-key": { kind: "bucket-key", tenantId, purpose: "map", notAfterMs },
};

describe("a wrapped row", () => {
  it("is bound to bytes that never change, or no row of before would open", () => {
    // 0x01a205b3d000 is notAfterMs; each part has its length before it.
    const aad = Buffer.concat([
      Buffer.from("\0\x0fcloister/v1 row\0\x0abucket-key\0\x10", "latin1"),
      tenantId,
      Buffer.from("\0\x03map\0\x08\0\0\x01\xa2\x05\xb3\xd0\0", "latin1"),
    ]);
    expect(rowAad(names["bucket-key"]).toString("hex")).toBe(aad.toString("hex"));
  });

  it.each(Object.values(names))("opens under its own name: $kind", (name) => {
    expect(unwrapRow(wrappingKey, name, wrapRow(wrappingKey, name, key))).toEqual(Buffer.from(key));
  });

  it("opens under no other kind, tenant, conversation, purpose or not_after", () => {
    const other = new Uint8Array(16).fill(9);
    const secret = { kind: "conversation-secret", tenantId, conversationId, notAfterMs } as const;
    const bucket = { kind: "bucket-key", tenantId, purpose: "map", notAfterMs } as const;
    const moved: readonly (readonly [RowName, RowName])[] = [
      [names["tenant-wrapping-key"], names["issuer-key"]],
      [names["issuer-key"], names["former-issuers"]],
      [secret, bucket],
      [secret, { ...secret, tenantId: other }],
      [secret, { ...secret, conversationId: other }],
      [secret, { ...secret, notAfterMs: notAfterMs + 1 }],
      [bucket, { ...bucket, tenantId: other }],
      [bucket, { ...bucket, purpose: "log" }],
      [bucket, { ...bucket, notAfterMs: notAfterMs + 1 }],
    ];
    const codes = moved.map(([from, to]) => codeOf(() => unwrapRow(wrappingKey, to, wrapRow(wrappingKey, from, key))));
    expect(new Set(codes)).toEqual(new Set(["KEY_CORRUPT"]));
  });

  it("opens under no other wrapping key", () => {
    const wrapped = wrapRow(wrappingKey, names["bucket-key"], key);
    expect(codeOf(() => unwrapRow(new Uint8Array(32), names["bucket-key"], wrapped))).toBe("KEY_CORRUPT");
  });

  it("doesn't open when a bit is flipped or bytes are cut", () => {
    const wrapped = wrapRow(wrappingKey, names["bucket-key"], key);
    const anyDamage = fc.tuple(fc.nat(wrapped.length * 8 - 1), fc.nat(wrapped.length - 1));
    fc.assert(
      fc.property(anyDamage, ([bit, length]) => {
        const flipped = Buffer.from(wrapped);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const codes = [flipped, wrapped.subarray(0, length)].map((bytes) =>
          codeOf(() => unwrapRow(wrappingKey, names["bucket-key"], bytes)),
        );
        expect(codes).toEqual(["KEY_CORRUPT", "KEY_CORRUPT"]);
      }),
    );
  });

  it("is another one each time", () => {
    const name = names["bucket-key"];
    expect(wrapRow(wrappingKey, name, key)).not.toEqual(wrapRow(wrappingKey, name, key));
  });
});

describe("a purpose key", () => {
  const name = { tenantId, conversationId, purpose: "map", bucketEndMs: notAfterMs };
  const derive = (change: Partial<typeof name> = {}) =>
    derivePurposeKey(wrappingKey, key, { ...name, ...change }).toString("hex");

  it("is what it always was, computed by another implementation of HKDF", () => {
    expect(derive()).toBe("324172b3ef9d161ef405a460cdefe3304ffd10842715041d5e5ae7b6a189d5c2");
    expect(deriveInboundSeed(Buffer.from(derive(), "hex")).toString("hex")).toBe(
      "4077353e6fa98a6d3c97032da99a4f6ce12abcd164b1716a679aae97f16f7212",
    );
  });

  it("changes with the purpose, the ids, the bucket, the bucket key and the conversation's secret", () => {
    const other = new Uint8Array(16).fill(9);
    const keys = [
      derive(),
      derive({ purpose: "log" }),
      derive({ tenantId: other }),
      derive({ conversationId: other }),
      derive({ bucketEndMs: notAfterMs + 1 }),
      derivePurposeKey(key, key, name).toString("hex"),
      derivePurposeKey(wrappingKey, wrappingKey, name).toString("hex"),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
