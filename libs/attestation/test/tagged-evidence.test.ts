import { describe, expect, it } from "@jest/globals";
import { decodeEvidence, encodeEvidence } from "@cloister/attestation";
import { refusalOf } from "./refusal.ts";

const KIB_64 = 64 * 1024;
const claims = Uint8Array.of(7, 8);
const ofBytes = (length: number): Uint8Array => encodeEvidence({ format: "sev-snp", body: new Uint8Array(length) });

describe("tagged evidence", () => {
  it("is read as it was written, with claims about GPUs and without", () => {
    const plain = { format: "aws-nitro", body: Uint8Array.of(1, 2, 3) } as const;
    const withClaims = { ...plain, gpuClaims: claims };
    expect([plain, withClaims].map((evidence) => decodeEvidence(encodeEvidence(evidence)))).toEqual([
      plain,
      withClaims,
    ]);
  });

  it.each<[string, Uint8Array]>([
    ["empty", new Uint8Array()],
    ["without a tag", Uint8Array.of(1)],
    ["of another version", Uint8Array.of(3, 2, 0)],
    ["cut within the length of its body", Uint8Array.of(2, 2, 0, 0, 0)],
    ["cut within its body", Uint8Array.of(2, 2, 0, 0, 0, 9, 1, 2)],
    ["without the claims that its version promises", Uint8Array.of(2, 2, 0, 0, 0, 1, 5)],
    ["above 64 KiB", ofBytes(KIB_64 - 1)],
  ])("is refused if it is %s", (_what, bytes) => {
    expect(refusalOf(() => decodeEvidence(bytes))).toBe("EVIDENCE_MALFORMED");
  });

  it("may have 64 KiB, and is refused with a tag that nobody assigned", () => {
    expect(decodeEvidence(ofBytes(KIB_64 - 2)).body).toHaveLength(KIB_64 - 2);
    expect(refusalOf(() => decodeEvidence(Uint8Array.of(1, 4, 0)))).toBe("FORMAT_UNSUPPORTED");
  });
});
