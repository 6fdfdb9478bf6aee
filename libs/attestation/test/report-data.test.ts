import { describe, expect, it } from "@jest/globals";
import { reportData, type ReportBinding } from "@cloister/attestation";
import { bytesToHex } from "@noble/hashes/utils.js";
import { refusalOf } from "./refusal.ts";

const binding: ReportBinding = {
  role: "redaction",
  configurationDigest: new Uint8Array(48).fill(1),
  kemPublicKey: new Uint8Array(1216).fill(2),
  signingPublicKey: new Uint8Array(32).fill(3),
  notAfterMs: 1_795_000_000_000,
  nonce: new Uint8Array(32).fill(4),
};

describe("report data", () => {
  it("stays the same for ever for the same instance", () => {
    expect(bytesToHex(reportData(binding))).toBe(
      "8daad017fa72197be5324556a2a9f86ebb439b707ea47ff8ba2667dba0bfa77adfba720b1f784af1abf4d64b7595056783f34bf27821a353f3bed6ce889759f0",
    );
  });

  it.each<[string, Partial<ReportBinding>]>([
    ["role", { role: "embedding" }],
    ["configuration", { configurationDigest: new Uint8Array(48) }],
    ["KEM key", { kemPublicKey: new Uint8Array(1216) }],
    ["signing key", { signingPublicKey: new Uint8Array(32) }],
    ["expiry", { notAfterMs: binding.notAfterMs + 1 }],
    ["nonce", { nonce: new Uint8Array() }],
  ])("differs for another %s", (_name, change) => {
    expect(reportData({ ...binding, ...change })).not.toEqual(reportData(binding));
  });

  it.each<[string, Partial<ReportBinding>]>([
    ["configuration digest", { configurationDigest: new Uint8Array(32) }],
    ["KEM key", { kemPublicKey: new Uint8Array(1215) }],
    ["signing key", { signingPublicKey: new Uint8Array(33) }],
    ["expiry", { notAfterMs: -1 }],
    ["part of a millisecond", { notAfterMs: 1.5 }],
    ["number", { notAfterMs: Number.NaN }],
    ["nonce", { nonce: new Uint8Array(16) }],
  ])("is refused for a %s that isn't one", (_name, change) => {
    expect(refusalOf(() => reportData({ ...binding, ...change }))).toBe("EVIDENCE_MALFORMED");
  });
});
