import { describe, expect, it } from "@jest/globals";
import { parseTenantId } from "@cloister/envelope";
import { PolicyError, signerFromSeed } from "@cloister/policy";
import { AuditError, renderKekReceipt, signKekReceipt, verifyKekReceipt, type KekReceipt } from "@cloister/audit";

const destroyedAtMs = Date.UTC(2026, 10, 22, 12);
const tenantId = parseTenantId(new Uint8Array(16).fill(1));
const issuer = signerFromSeed(new Uint8Array(32).fill(5));
const receipt: KekReceipt = {
  id: new Uint8Array(16).fill(8),
  tenantId,
  provider: "openbao",
  keyRef: "transit/keys/acme",
  destroyedAtMs,
  windowEndsAtMs: null,
  refusedSince: "KMS_KEY_UNKNOWN",
  leasesLapseAtMs: destroyedAtMs + 360_000,
};
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof PolicyError || error instanceof AuditError ? error.code : error;
  }
};

describe("a receipt of a destroyed KEK", () => {
  it("is verified against the tenant's issuer key as it was signed", () => {
    const note = signKekReceipt(receipt, issuer);
    expect(verifyKekReceipt(note, { tenantId, issuerKey: issuer.publicKey })).toEqual(receipt);
  });

  it("is refused by another issuer's key, and as another tenant's", () => {
    const note = signKekReceipt(receipt, issuer);
    const another = signerFromSeed(new Uint8Array(32).fill(6)).publicKey;
    const stranger = parseTenantId(new Uint8Array(16).fill(2));
    expect([
      codeOf(() => verifyKekReceipt(note, { tenantId, issuerKey: another })),
      codeOf(() => verifyKekReceipt(note, { tenantId: stranger, issuerKey: issuer.publicKey })),
    ]).toEqual(["NOTE_UNSIGNED", "NOTE_UNSIGNED"]);
  });

  it("is not signed for leases that lapsed before the end", () => {
    const broken = { ...receipt, leasesLapseAtMs: destroyedAtMs - 1 };
    expect(codeOf(() => signKekReceipt(broken, issuer))).toBe("STATEMENT_MALFORMED");
  });

  it("says to a person what is proved, and until when its owner can take it back", () => {
    expect(renderKekReceipt({ ...receipt, provider: "aws-kms", windowEndsAtMs: destroyedAtMs + 604_800_000 })).toBe(
      `Receipt ${"08".repeat(16)} of 2026-11-22T12:00:00.000Z
Tenant ${"01".repeat(16)}
Status: destroyed at 2026-11-29T12:00:00.000Z, unless its owner takes it back

Attested by the key service:
- the KMS destroyed the KEK aws-kms transit/keys/acme, and refuses to unwrap by it since (KMS_KEY_UNKNOWN)
- what was unwrapped before is forgotten everywhere by 2026-11-22T12:06:00.000Z
- copies of the key outside its KMS, if its KMS gives any, are its owner's to end
`,
    );
    expect(renderKekReceipt(receipt)).toContain("Status: destroyed\n");
  });
});
