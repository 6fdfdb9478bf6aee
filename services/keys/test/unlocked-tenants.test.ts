import { describe, expect, it } from "@jest/globals";
import { UnlockedTenants, type Unlocked } from "../src/unlock/unlocked-tenants.ts";
import { codeOf } from "./codes.ts";

const word = (issuedAtMs: number): Unlocked => ({
  statement: new Uint8Array(),
  issuedAtMs,
  sealedText: new Uint8Array(8).fill(7),
  credential: { kind: "pkcs11", pin: "123456" },
});

const [one, two, three] = ["01".repeat(16), "02".repeat(16), "03".repeat(16)] as const;

describe("what tenants unlock keys with", () => {
  it("is of so many tenants and no more", () => {
    const unlocked = new UnlockedTenants(2);
    for (const tenant of [one, two]) unlocked.put(tenant, word(1), { hasPolicy: true });
    const refused = word(1);
    expect(codeOf(() => unlocked.put(three, refused, { hasPolicy: true }))).toBe("UNLOCKS_FULL");
    expect(refused.sealedText).toEqual(new Uint8Array(8));
    expect(unlocked.put(two, word(2), { hasPolicy: true })).toBe(true);
    expect([...unlocked.all.keys()]).toEqual([one, two]);
  });

  it("makes room where it came before a first policy, which anybody can make a root for", () => {
    const unlocked = new UnlockedTenants(2);
    const stranger = word(1);
    unlocked.put(one, stranger, { hasPolicy: false });
    unlocked.put(two, word(1), { hasPolicy: false });
    unlocked.keep(two);
    unlocked.put(three, word(1), { hasPolicy: true });
    expect([[...unlocked.all.keys()], stranger.sealedText]).toEqual([[two, three], new Uint8Array(8)]);
  });

  it("gives way to a newer word alone", () => {
    const unlocked = new UnlockedTenants(2);
    const first = word(5);
    const taken = [first, word(5), word(4), word(6)].map((next) => unlocked.put(one, next, { hasPolicy: true }));
    expect([taken, first.sealedText]).toEqual([[true, false, false, true], new Uint8Array(8)]);
  });
});
