import { describe, expect, it } from "@jest/globals";
import { parseTenantId } from "@cloister/envelope";
import {
  openReleaseManifest,
  signIssuerNote,
  signReleaseManifest,
  signRootRotation,
  signerFromSeed,
  verifyIssuerNote,
  verifyRootRotation,
} from "@cloister/policy";

const tenantId = parseTenantId(new Uint8Array(16).fill(1));
const signer = signerFromSeed(new Uint8Array(32).fill(2));
const newKey = signerFromSeed(new Uint8Array(32).fill(3)).publicKey;
const issuedAtMs = 1_795_000_000_000;
const textOf = (note: Uint8Array) => new TextDecoder().decode(note);

// Made once; notes signed today have to be readable, byte for byte, for as long as receipts are kept.
const issuerNote = `cloister/v1 issuer
{
  "tenantId": "01010101010101010101010101010101",
  "issuerKey": "ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1",
  "issuedAtMs": 1795000000000
}

— cloister/01010101010101010101010101010101/keys 6xbcZRxUULYjwLkMQbQ+JFtEZ43PA3c3TayTaRR7MU5pH1gYwhmO1uoeSIIerGCCOEL5TFBszEh9P9/QUhP9rUkgBwg=
`;
const rotationNote = `cloister/v1 root rotation
{
  "tenantId": "01010101010101010101010101010101",
  "index": 1,
  "newRoot": "ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1",
  "issuedAtMs": 1795000000000
}

— cloister/01010101010101010101010101010101/root jwtX84g9i6bYsbqi+TxKB1+Q94lWk7hrb8UVy3PDP0s7My2P0YbaZLIyzbagmvsv/FZ2ktc+BipBMHCi2JbaYMjEDQk=
`;
const manifest = {
  name: "cloister",
  version: "1.4.2",
  role: "redaction" as const,
  measurements: {
    "sev-snp": [{ measurement: new Uint8Array(48).fill(4), configurationDigest: new Uint8Array(48).fill(5) }],
  },
  notBeforeMs: issuedAtMs,
  notAfterMs: issuedAtMs + 86_400_000,
};
const manifestNote = `cloister/v1 release manifest
{
  "name": "cloister",
  "version": "1.4.2",
  "role": "redaction",
  "measurements": {
    "sev-snp": [
      {
        "measurement": "040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404",
        "configurationDigest": "050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505"
      }
    ]
  },
  "notBeforeMs": 1795000000000,
  "notAfterMs": 1795086400000
}

— cloister/release 89zoH2L46jRElTNyTKjxLGENr8bpH2i00+JKQkOGUnSygps9MvPMF0mXG7kxFd/SccY6Fv0e2I7vO54M5+xBXsFZ7AE=
`;

describe("a frozen note", () => {
  it("of an issuer is still made byte for byte, in whatever order its fields come", () => {
    expect(textOf(signIssuerNote({ issuedAtMs, issuerKey: newKey, tenantId }, signer))).toBe(issuerNote);
  });

  it("of an issuer is still read", () => {
    const expected = { tenantId, keysSigningPublicKey: signer.publicKey };
    expect(verifyIssuerNote(new TextEncoder().encode(issuerNote), expected).issuerKey).toEqual(newKey);
  });

  it("of a root rotation is still made byte for byte", () => {
    expect(textOf(signRootRotation({ tenantId, index: 1, newRoot: newKey, issuedAtMs }, signer))).toBe(rotationNote);
  });

  it("of a root rotation is still read", () => {
    const expected = { tenantId, previousRoot: signer.publicKey, index: 1 };
    expect(verifyRootRotation(new TextEncoder().encode(rotationNote), expected).newRoot).toEqual(newKey);
  });

  it("of a release manifest is still made byte for byte", () => {
    expect(textOf(signReleaseManifest(manifest, signer))).toBe(manifestNote);
  });

  it("of a release manifest is still read", () => {
    expect(openReleaseManifest(new TextEncoder().encode(manifestNote), [signer.publicKey])).toEqual(manifest);
  });
});
