import tls from "node:tls";
import { afterEach, describe, expect, it } from "@jest/globals";
import { makeCertificate, TestKey } from "@cloister/testing/evidence";
import { addedAuthoritiesDigest } from "../src/adapters/added-authorities.ts";
import { kmsConfig } from "../src/kms/kms-variables.ts";
import { securityConfiguration } from "../src/security-configuration.ts";

const before = tls.getCACertificates("default");
const own = tls.getCACertificates("bundled");

async function authorityNamed(subject: string): Promise<string> {
  const key = await TestKey.make("p256");
  const der = await makeCertificate({ subject, issuer: subject, key, signer: key });
  const base64 = Buffer.from(der).toString("base64").replace(/.{64}/gu, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

describe("the authorities that a KMS' address is believed of", () => {
  afterEach(() => {
    tls.setDefaultCACertificates(before);
  });

  function statedWith(...added: readonly string[]): string | undefined {
    tls.setDefaultCACertificates([...own, ...added]);
    return addedAuthoritiesDigest();
  }

  it("are nobody besides Node's own, unless somebody adds them, and then these", async () => {
    const [one, another] = [await authorityNamed("one"), await authorityNamed("another")];
    expect([statedWith(), statedWith(own[0] ?? "")]).toEqual([undefined, undefined]);
    expect(statedWith(one)).toMatch(/^[0-9a-f]{64}$/u);
    expect(statedWith(another)).not.toBe(statedWith(one));
    expect(statedWith(another, one)).toBe(statedWith(one, another));
  });

  it("are another configuration, where a KMS is asked over a network", () => {
    const stated = (kms: string, addedAuthoritiesHex?: string) =>
      securityConfiguration({ ...kmsConfig.parse({ CLOISTER_KEYS_KMS: kms }), addedAuthoritiesHex });
    expect(stated("vault", "ab".repeat(32))).not.toEqual(stated("vault"));
    expect(stated("local", "ab".repeat(32))).toEqual(stated("local"));
  });
});
