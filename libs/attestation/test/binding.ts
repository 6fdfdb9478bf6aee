import type { ReportBinding } from "@cloister/attestation";

/** The challenge that `bindingAt` answers. */
export const nonce = new Uint8Array(32).fill(4);

/** What an instance of `redaction` binds for the ten minutes from then on. */
export function bindingAt(nowMs: number): ReportBinding {
  return {
    role: "redaction",
    configurationDigest: new Uint8Array(48).fill(1),
    kemPublicKey: new Uint8Array(1216).fill(2),
    signingPublicKey: new Uint8Array(32).fill(3),
    notAfterMs: nowMs + 600_000,
    nonce,
  };
}
