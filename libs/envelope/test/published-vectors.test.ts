import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import {
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  type EnvelopeBackend,
  hpkeOpen,
  Suite,
} from "@cloister/envelope";
import { createNobleBackend } from "@cloister/envelope/noble";
import { hpkeKey, hpkeSchedule } from "../src/hpke.ts";
import { BACKENDS } from "./fixtures.ts";
import { hex, unhex } from "./hex.ts";

const HPKE_SUITES: Readonly<Record<number, Suite>> = { 2: Suite.AES_256_GCM, 3: Suite.CHACHA20_POLY1305 };

interface XWingVector {
  readonly seed: string;
  readonly eseed: string;
  readonly ss: string;
  readonly sk: string;
  readonly pk: string;
  readonly ct: string;
}

interface HpkeVector {
  readonly kem_id: number;
  readonly aead_id: number;
  readonly info: string;
  readonly shared_secret: string;
  readonly key: string;
  readonly base_nonce: string;
  readonly aad: string;
  readonly pt: string;
  readonly ct: string;
}

interface HpkeXWingVector extends HpkeVector {
  readonly ikmE: string;
  readonly skRm: string;
  readonly pkRm: string;
  readonly enc: string;
}

interface AeadVector {
  readonly key: string;
  readonly iv?: string;
  readonly nonce?: string;
  readonly aad: string;
  readonly ct: string;
  readonly tag: string;
  readonly pt?: string;
  readonly fail?: true;
}

/** The committed file, whose shape its README describes. */
function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), "utf8"));
}

const xwing = vectors("xwing") as readonly XWingVector[];
const hpkeRfc = vectors("hpke-rfc9180") as readonly HpkeVector[];
const hpkeXWing = vectors("hpke-xwing") as readonly HpkeXWingVector[];
const aead = [
  { name: "AES-256-GCM", suite: Suite.AES_256_GCM, cases: vectors("aes-256-gcm") as readonly AeadVector[] },
  {
    name: "ChaCha20-Poly1305",
    suite: Suite.CHACHA20_POLY1305,
    cases: vectors("chacha20-poly1305") as readonly AeadVector[],
  },
];

describe.each(BACKENDS)("the $name backend", (backend) => {
  it.each(xwing)("derives X-Wing's public key and decapsulates as published ($seed)", ({ sk, pk, ct, ss }) => {
    const key = createKemPrivateKey(backend, unhex(sk));

    const sharedSecret = key.decapsulate(unhex(ct));

    expect(hex(key.publicKeyBytes)).toBe(pk);
    expect(sharedSecret && hex(sharedSecret)).toBe(ss);
  });

  it.each(hpkeRfc)("follows RFC 9180's key schedule from its shared secrets (KEM $kem_id, AEAD $aead_id)", (vector) => {
    expectSchedule(backend, vector);
  });

  it.each(hpkeXWing)("opens HPKE over X-Wing as published (AEAD $aead_id)", (vector) => {
    const { info, skRm, pkRm, enc, aad, pt, ct, aead_id: aeadId } = vector;
    const key = createKemPrivateKey(backend, unhex(skRm));

    const opened = hpkeOpen(backend, key, unhex(info), unhex(aad), unhex(enc + ct), HPKE_SUITES[aeadId]);

    expect(hex(key.publicKeyBytes)).toBe(pkRm);
    expect(hex(opened)).toBe(pt);
    expectSchedule(backend, vector);
  });

  it.each(aead)("seals and opens $name as published, and refuses what must fail", ({ suite, cases }) => {
    for (const { key, iv, nonce, aad, ct, tag, pt } of cases) {
      const handle = backend.aeadKey(unhex(key));
      const nonceBytes = unhex(nonce ?? iv ?? "");
      const opened = handle.open(suite, nonceBytes, unhex(aad), unhex(ct + tag));
      expect(opened && hex(opened)).toBe(pt);
      if (pt === undefined) continue;
      const sealed = new Uint8Array(pt.length / 2 + 16);
      handle.seal(suite, nonceBytes, unhex(aad), unhex(pt), sealed);
      expect(hex(sealed)).toBe(ct + tag);
    }
    expect(cases.some(({ fail }) => fail)).toBe(true);
  });

  it("signs as RFC 8032 section 7.1, tests 1 and 2", () => {
    const seeds = [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    ];
    const messages = ["", "72"];
    const signatures = seeds.map((seed, i) => {
      const key = createSigningKey(backend, unhex(seed));
      return hex(key.publicKeyBytes) + hex(key.sign(unhex(messages[i] ?? "")));
    });

    expect(signatures).toEqual([
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511ae5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ]);
  });

  it("follows HKDF of RFC 5869, appendix A.1 and A.3", () => {
    const ikm = unhex("0b".repeat(22));
    const withSalt = backend.digests.hkdfExtract(unhex("000102030405060708090a0b0c"), ikm);
    const withoutSalt = backend.digests.hkdfExtract(new Uint8Array(0), ikm);
    const info = unhex("f0f1f2f3f4f5f6f7f8f9");

    expect(hex(backend.digests.hkdfExpand(withSalt, info, 42))).toBe(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
    expect(hex(backend.digests.hkdfExpand(withoutSalt, new Uint8Array(0), 42))).toBe(
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
    const oneCall = backend.digests.hkdf(ikm, unhex("000102030405060708090a0b0c"), info, 42);
    expect(hex(oneCall)).toBe(hex(backend.digests.hkdfExpand(withSalt, info, 42)));
  });
});

describe("encapsulation from a given seed", () => {
  it.each(xwing)("is X-Wing's as published ($seed)", ({ pk, eseed, ct, ss }) => {
    const backend = createNobleBackend(() => unhex(eseed));

    const { enc, sharedSecret } = createKemPublicKey(backend, unhex(pk)).encapsulate();

    expect(hex(enc)).toBe(ct);
    expect(hex(sharedSecret)).toBe(ss);
  });
});

function expectSchedule(backend: EnvelopeBackend, vector: HpkeVector): void {
  const suite = HPKE_SUITES[vector.aead_id];
  if (suite === undefined) throw new Error("a vector for another AEAD");
  const kemId = [vector.kem_id >> 8, vector.kem_id & 0xff];
  const schedule = hpkeSchedule(backend.digests, suite, unhex(vector.info), kemId);
  const { key, baseNonce } = hpkeKey(backend.digests, schedule, unhex(vector.shared_secret));
  const sealed = new Uint8Array(vector.ct.length / 2);
  backend.aeadKey(key).seal(suite, baseNonce, unhex(vector.aad), unhex(vector.pt), sealed);
  expect([hex(key), hex(baseNonce), hex(sealed)]).toEqual([vector.key, vector.base_nonce, vector.ct]);
}
