import { describe, expect, it } from "@jest/globals";
import { parseTenantId } from "@cloister/envelope";
import { PolicyError, signerFromSeed } from "@cloister/policy";
import {
  MAX_RECEIPT_ASSERTIONS,
  MAX_RECEIPT_TOMBSTONES,
  renderReceipt,
  signReceipt,
  verifyReceipt,
  type Receipt,
  type Tombstone,
} from "@cloister/audit";

const issuedAtMs = Date.UTC(2026, 10, 22, 12);
const tenantId = parseTenantId(new Uint8Array(16).fill(1));
const issuer = signerFromSeed(new Uint8Array(32).fill(5));
const tombstone: Tombstone = {
  tenantId,
  destroyed: { kind: "bucket-key", purpose: "map", bucketEndMs: issuedAtMs - 3_600_000 },
  reason: "expired",
  destroyedAtMs: issuedAtMs - 120_000,
};
const complete: Receipt = {
  id: new Uint8Array(16).fill(8),
  tenantId,
  issuedAtMs,
  attested: { tombstones: [tombstone], leasesLapseAtMs: issuedAtMs - 60_000, isRollbackExcluded: false },
  operatorAsserted: [{ dropped: "partition redaction.map_entry_2026_11_22", rows: 3 }],
  partialUntilMs: null,
  closes: null,
};

describe("a receipt", () => {
  it("is verified against the tenant's issuer key as it was signed", () => {
    const note = signReceipt(complete, issuer);
    expect(verifyReceipt(note, { tenantId, issuerKey: issuer.publicKey })).toEqual(complete);
  });

  it.each([
    [{ acknowledged: 2, notAcknowledged: 0 }, "- signed word of 2 instances that nothing of it is held any more\n"],
    [
      { acknowledged: 1, notAcknowledged: 3 },
      "- signed word of 1 instance that nothing of it is held any more; of 3 instances the lease ends by itself\n",
    ],
  ])("says whose word was given that held keys of it: %j", (evictions, text) => {
    const receipt = { ...complete, attested: { ...complete.attested, evictions } };
    const verified = verifyReceipt(signReceipt(receipt, issuer), { tenantId, issuerKey: issuer.publicKey });
    expect(verified.attested.evictions).toEqual(evictions);
    expect(renderReceipt(verified)).toContain(text);
  });

  it("says that the tenant's KMS was trusted to a credential", () => {
    const receipt = { ...complete, attested: { ...complete.attested, kmsTrust: "credential" as const } };
    const verified = verifyReceipt(signReceipt(receipt, issuer), { tenantId, issuerKey: issuer.publicKey });
    expect(verified.attested.kmsTrust).toBe("credential");
    expect(renderReceipt(verified)).toContain("- the tenant's KMS was trusted to a credential that whoever runs");
  });

  it("counts under an issuer key that was retired after it, and not before it", () => {
    const note = signReceipt(complete, issuer);
    const issuerKey = signerFromSeed(new Uint8Array(32).fill(6)).publicKey;
    const under = (retiredAtMs: number) =>
      codeOf(() =>
        verifyReceipt(note, { tenantId, issuerKey, formerIssuers: [{ key: issuer.publicKey, retiredAtMs }] }),
      );
    expect([under(issuedAtMs), under(issuedAtMs - 1)]).toEqual([undefined, "NOTE_UNSIGNED"]);
  });

  it("is refused under another issuer key", () => {
    const note = signReceipt(complete, issuer);
    const other = signerFromSeed(new Uint8Array(32).fill(6));
    expect(codeOf(() => verifyReceipt(note, { tenantId, issuerKey: other.publicKey }))).toBe("NOTE_UNSIGNED");
  });

  it("is refused when any byte of it is changed, signature and text alike", () => {
    const note = signReceipt(complete, issuer);
    const accepted = [...note.keys()].filter((position) => {
      const changed = note.map((byte, index) => (index === position ? byte ^ 1 : byte));
      return codeOf(() => verifyReceipt(changed, { tenantId, issuerKey: issuer.publicKey })) === undefined;
    });
    expect(accepted).toEqual([]);
  });

  it("can't be called complete before the last lease has lapsed", () => {
    const early = { ...complete, attested: { ...complete.attested, leasesLapseAtMs: issuedAtMs + 60_000 } };
    expect(codeOf(() => signReceipt(early, issuer))).toBe("STATEMENT_MALFORMED");
  });

  it("can't vouch for another tenant's keys", () => {
    const foreign = { ...tombstone, tenantId: parseTenantId(new Uint8Array(16).fill(2)) };
    const mixed = { ...complete, attested: { ...complete.attested, tombstones: [foreign] } };
    expect(codeOf(() => signReceipt(mixed, issuer))).toBe("STATEMENT_MALFORMED");
  });

  it("still fits into a note when it is as full as it may be", () => {
    const longest: Tombstone = {
      ...tombstone,
      destroyed: { kind: "bucket-key", purpose: "inbound", bucketEndMs: 253_402_300_799_999 },
    };
    const full: Receipt = {
      ...complete,
      attested: { ...complete.attested, tombstones: Array.from({ length: MAX_RECEIPT_TOMBSTONES }, () => longest) },
      operatorAsserted: Array.from({ length: MAX_RECEIPT_ASSERTIONS }, () => ({
        dropped: '"'.repeat(200),
        rows: Number.MAX_SAFE_INTEGER,
      })),
    };
    expect(signReceipt(full, issuer).length).toBeLessThanOrEqual(64 * 1024);
  });

  it("tells a person what is proved, what is only said and until when it is partial", () => {
    expect(renderReceipt({ ...complete, partialUntilMs: issuedAtMs + 86_400_000 })).toBe(
      `Receipt 08080808080808080808080808080808 of 2026-11-22T12:00:00.000Z
Tenant 01010101010101010101010101010101
Status: partial until 2026-11-23T12:00:00.000Z

Attested by the key service:
- destroyed the map key of the bucket ending 2026-11-22T11:00:00.000Z, expired, at 2026-11-22T11:58:00.000Z; tombstone ee110c7f91fd8af79e99a431173981119f4e80c9304edba03211030bf5db8e94
- no release since; the last lease lapses by 2026-11-22T11:59:00.000Z
- rollback of the key database not excluded

Asserted by the operator, not proved:
- dropped partition redaction.map_entry_2026_11_22 (3 rows)
`,
    );
  });
});

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof PolicyError) return error.code;
    throw error;
  }
}
