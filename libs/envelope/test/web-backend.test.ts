/** What a backend over WebCrypto does with keys, with the runtime, and with what goes wrong there. */
import {
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  openEnvelope,
  parseEnvelope,
  parseKeyId,
  sealEnvelope,
  Suite,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { type AsyncBackend, createWebBackend, openEnvelopeWeb, sealEnvelopeWeb } from "@cloister/envelope/web";
import { describe, expect, it } from "@jest/globals";
import { LABELS } from "../src/labels.ts";
import { signatureInput } from "../src/signature.ts";
import { codeOf, filled, header, NOW_MS, party, SUITES, utf8 } from "./fixtures.ts";
import { hex } from "./hex.ts";
import { recordingWebCrypto } from "./recording-web-crypto.ts";
import { codeOfRejection, OPTIONAL, webCryptoWithout } from "./web-fixtures.ts";

const payload = utf8("What is the refund period?");
const there = party(nodeBackend, 1);
const wrapInput = (number: number) => ({ key: filled(32, number + 128), keyId: parseKeyId(filled(16, number)) });

/** All kinds of keys, as `party` has them. */
function keysOn(backend: AsyncBackend) {
  const kemPrivate = createKemPrivateKey(backend, filled(32, 1));
  const signing = createSigningKey(backend, filled(32, 65));
  return {
    kemPrivate,
    kemPublic: createKemPublicKey(backend, kemPrivate.publicKeyBytes),
    wrap: createWrapKey(backend, wrapInput(1)),
    signing,
    verifying: createVerifyingKey(backend, signing.publicKeyBytes),
  };
}

/** What the work gave, or that it was refused. */
async function outcomeOf(work: () => Uint8Array | undefined | Promise<Uint8Array | undefined>): Promise<string> {
  try {
    const bytes = await work();
    return bytes ? hex(bytes) : "nothing";
  } catch {
    return "refused";
  }
}

describe.each<[string, readonly string[]]>([
  ["has all", []],
  ["has none of what may be missing", OPTIONAL],
])("a backend of a runtime that %s", (_what, missing) => {
  const newBackend = () => createWebBackend(webCryptoWithout(...missing));

  it.each(SUITES)("seals and opens long messages as the synchronous ones do (suite %s)", async (suite) => {
    const backend = await newBackend();
    const own = keysOn(backend);
    const request = { header: header({ suite }), payload: filled(20_000, 7) };
    const forth = await sealEnvelopeWeb(backend, {
      ...request,
      recipients: [own.kemPublic, createWrapKey(backend, wrapInput(2))],
      signer: own.signing,
    });
    const back = sealEnvelope(nodeBackend, { ...request, recipients: [there.kemPublic], signer: there.signing });
    const read = openEnvelope(nodeBackend, forth.bytes, {
      keys: [there.kemPrivate],
      signer: there.verifying,
      nowMs: NOW_MS,
    });
    const opening = { keys: [own.kemPrivate], signer: own.verifying, nowMs: NOW_MS };
    const opened = await openEnvelopeWeb(backend, back.bytes, opening);
    expect([hex(read.payload), hex(opened.payload)]).toEqual([hex(request.payload), hex(request.payload)]);
  });

  it("gives each wrapping recipient randomness of its own, where the synchronous ones take it", async () => {
    const backend = { ...(await newBackend()), randomBytes: (length: number) => counted(length) };
    const request = { header: header(), payload };
    const keys = [wrapInput(1), wrapInput(2), wrapInput(3)];
    const sealed = await sealEnvelopeWeb(backend, {
      ...request,
      recipients: keys.map((key) => createWrapKey(backend, key)),
      signer: keysOn(backend).signing,
    });
    const expected = sealEnvelope(
      { ...nodeBackend, randomBytes: counted },
      { ...request, recipients: keys.map((key) => createWrapKey(nodeBackend, key)), signer: there.signing },
    );
    expect(hex(sealed.bytes)).toBe(hex(expected.bytes));
  });

  it("gives a stream only to who asks for one", async () => {
    const backend = await newBackend();
    const { wrap } = keysOn(backend);
    const sealed = await sealEnvelopeWeb(backend, { header: header(), payload, recipients: [wrap] });
    const opened = await openEnvelopeWeb(backend, sealed.bytes, { keys: [wrap], signer: "none", nowMs: NOW_MS });
    expect(["stream" in sealed, "stream" in opened]).toEqual([false, false]);
  });

  it("does nothing more with a key that was destroyed, used before or not", async () => {
    const backend = await newBackend();
    const { enc } = there.kemPublic.encapsulate();
    const works = (): (readonly [() => void, () => Promise<string>])[] => {
      const aead = backend.aeadKey(filled(32, 1));
      const [kem, signer] = [backend.kemSecret(filled(32, 1)), backend.signer(filled(32, 1))];
      const sealing = (suite: Suite) => async () => {
        const into = new Uint8Array(payload.length + 16);
        await aead.seal(suite, filled(12, 1), payload, payload, into);
        return into;
      };
      return [
        ...SUITES.map((suite) => [() => aead.destroy(), () => outcomeOf(sealing(suite))] as const),
        [() => kem.destroy(), () => outcomeOf(() => kem.decapsulate(enc))],
        [() => signer.destroy(), () => outcomeOf(() => signer.sign(payload))],
      ];
    };
    const before = await Promise.all(works().map(([, use]) => use()));
    expect(before).not.toContain("refused");
    for (const isUsed of [true, false]) {
      for (const [index, [destroy, use]] of works().entries()) {
        if (isUsed) await use();
        destroy();
        expect(await use()).not.toBe(before[index]);
      }
    }
  });

  it("takes no bytes of another length for a key or an encapsulation", async () => {
    const backend = await newBackend();
    const kem = backend.kemSecret(filled(32, 1));
    const { enc } = there.kemPublic.encapsulate();
    expect(() => backend.aeadKey(filled(16, 1))).toThrow(RangeError);
    expect(() => backend.kemSecret(filled(33, 1))).toThrow(RangeError);
    expect(() => backend.signer(filled(31, 1))).toThrow(RangeError);
    expect([await kem.decapsulate(enc.subarray(1)), await kem.decapsulate(Uint8Array.of(...enc, 0))]).toEqual([
      undefined,
      undefined,
    ]);
    expect(await kem.decapsulate(enc)).toHaveLength(32);
  });

  it("takes no point for a public key that is written in another way than its own", async () => {
    const backend = await newBackend();
    // y = p + 1, which is 1 written too large.
    const notReduced = Uint8Array.of(0xee, ...filled(30, 0xff), 0x7f);
    expect(codeOf(() => createVerifyingKey(backend, notReduced))).toBe("MALFORMED");
  });

  it("opens nothing with a key of the other kind, whoever says that it is the right one", async () => {
    const backend = await newBackend();
    const own = keysOn(backend);
    const request = { header: header(), payload, signer: own.signing };
    const opening = { signer: own.verifying, nowMs: NOW_MS };
    const wrapped = await sealEnvelopeWeb(backend, { ...request, recipients: [own.wrap] });
    const encapsulated = await sealEnvelopeWeb(backend, { ...request, recipients: [own.kemPublic] });
    expect([
      await codeOfRejection(openEnvelopeWeb(backend, wrapped.bytes, { ...opening, keys: () => own.kemPrivate })),
      await codeOfRejection(openEnvelopeWeb(backend, encapsulated.bytes, { ...opening, keys: () => own.wrap })),
    ]).toEqual(["AUTHENTICATION_FAILED", "AUTHENTICATION_FAILED"]);
  });

  it("refuses a signed envelope whose content key lies under an impossible encapsulation", async () => {
    const backend = await newBackend();
    const own = keysOn(backend);
    const request = { header: header(), payload, recipients: [own.kemPublic], signer: own.signing };
    const { bytes } = await sealEnvelopeWeb(backend, request);
    const envelope = parseEnvelope(bytes); // views of the bytes
    const [recipient] = envelope.recipients;
    if (recipient?.kind !== "kem" || !envelope.signature) throw new Error("sealed to an X-Wing key, and signed");
    recipient.enc.fill(0, 1088); // a point of low order
    const protectedHash = nodeBackend.digests.sha256(envelope.protectedBytes);
    const input = signatureInput(nodeBackend.digests, own.signing.keyId, { ...envelope, protectedHash });
    envelope.signature.signature.set(there.signing.sign(input));
    const opening = { keys: [own.kemPrivate], signer: own.verifying, nowMs: NOW_MS };
    expect(await codeOfRejection(openEnvelopeWeb(backend, bytes, opening))).toBe("AUTHENTICATION_FAILED");
  });

  it("leaves no secret in the memory that it handed on", async () => {
    const backend = await newBackend();
    const handed: Uint8Array[] = [];
    const watched: AsyncBackend = {
      ...backend,
      aeadKey: (key) => {
        handed.push(key);
        return backend.aeadKey(key);
      },
      digests: {
        ...backend.digests,
        hkdf: (ikm, salt, info, length) => {
          // A content key goes in first; of an encapsulation's secret it is the salt.
          handed.push(info === LABELS.payload || info === LABELS.stream ? ikm : salt);
          return backend.digests.hkdf(ikm, salt, info, length);
        },
      },
    };
    const own = keysOn(backend);
    const request = { header: header(), payload, recipients: [own.kemPublic], signer: own.signing, stream: true };
    const { bytes } = await sealEnvelopeWeb(watched, request);
    const opening = { keys: [own.kemPrivate], signer: own.verifying, nowMs: NOW_MS, stream: true };
    await openEnvelopeWeb(watched, bytes, opening);
    expect(handed.map((secret) => secret.length)).toEqual(Array(12).fill(32));
    expect(handed.filter((secret) => secret.some((byte) => byte !== 0))).toEqual([]);
  });
});

describe("the runtime", () => {
  /** A message with all that is done for one, both ways. */
  async function exchange(suite: Suite) {
    const recording = recordingWebCrypto();
    const backend = await createWebBackend(recording.crypto);
    const own = keysOn(backend);
    for (const record of [recording.calls, recording.secrets]) record.length = 0;
    const request = { header: header({ suite }), payload: filled(20_000, 7), signer: own.signing };
    const { bytes } = await sealEnvelopeWeb(backend, {
      ...request,
      recipients: [own.kemPublic, createWrapKey(backend, wrapInput(2))],
    });
    await openEnvelopeWeb(backend, bytes, { keys: [own.kemPrivate], signer: own.verifying, nowMs: NOW_MS });
    return recording;
  }

  it.each<[string, Suite]>([
    ["AES-GCM", Suite.AES_256_GCM],
    ["ChaCha20-Poly1305", Suite.CHACHA20_POLY1305],
  ])("does all that it can do, under %s", async (aead, suite) => {
    const { calls } = await exchange(suite);
    const expected = ["encapsulateBits ML-KEM-768", "decapsulateBits ML-KEM-768", "generateKey X25519"];
    expected.push("deriveBits X25519", "deriveBits HKDF", "sign Ed25519", "verify Ed25519", "digest SHA-256");
    expect(calls).toEqual(expect.arrayContaining([...expected, `encrypt ${aead}`, `decrypt ${aead}`]));
  });

  it.each(SUITES)("lets nobody export a private or secret key (suite %s)", async (suite) => {
    const { keys } = await exchange(suite);
    const hidden = keys.filter(({ type }) => type !== "public");
    expect(new Set(hidden.map(({ type }) => type))).toEqual(new Set(["private", "secret"]));
    expect(hidden.filter((key) => "extractable" in key && key.extractable !== false)).toEqual([]);
  });

  it.each(SUITES)(
    "holds the only copy of a key once it has it, and no shared secret is left (suite %s)",
    async (suite) => {
      const { secrets } = await exchange(suite);
      expect(secrets.length).toBeGreaterThan(5);
      expect(secrets.filter((secret) => secret.some((byte) => byte !== 0))).toEqual([]);
    },
  );

  it("is not asked to do anything with either part of a destroyed key pair", async () => {
    const { crypto, calls } = recordingWebCrypto();
    const kem = (await createWebBackend(crypto)).kemSecret(filled(32, 1));
    kem.destroy();
    calls.length = 0;
    await expect(kem.decapsulate(there.kemPublic.encapsulate().enc)).rejects.toThrow("destroyed");
    expect(calls).toEqual([]);
  });

  describe("that fails", () => {
    /** Opens an envelope where decryption, or the agreement of X25519, is rejected with this. */
    async function failure(method: "decrypt" | "deriveBits", reason: unknown): Promise<unknown> {
      const { crypto } = recordingWebCrypto();
      const { subtle } = crypto;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a runtime may reject with anything
      const rejected = Promise.reject(reason);
      rejected.catch(() => undefined);
      const backend = await createWebBackend({
        ...crypto,
        subtle: {
          ...subtle,
          decrypt: (...args) => (method === "decrypt" ? rejected : subtle.decrypt(...args)),
          deriveBits: (algorithm, ...rest) =>
            method === "deriveBits" && algorithm.name !== "HKDF" ? rejected : subtle.deriveBits(algorithm, ...rest),
        },
      });
      const own = keysOn(backend);
      const request = { header: header(), payload, recipients: [there.kemPublic], signer: there.signing };
      const { bytes } = sealEnvelope(nodeBackend, request);
      const opening = { keys: [own.kemPrivate], signer: own.verifying, nowMs: NOW_MS };
      return openEnvelopeWeb(backend, bytes, opening).then(
        () => "opened",
        (error: unknown) => error,
      );
    }

    it.each<[string, unknown]>([
      ["an error of another kind", new TypeError("out of memory")],
      ["an error of another name", new DOMException("no more", "QuotaExceededError")],
      ["an object", {}],
      ["a text", "out of memory"],
      ["nothing", undefined],
      ["null", null],
    ])("with %s is not taken for a wrong tag or point", async (_what, reason) => {
      expect([await failure("decrypt", reason), await failure("deriveBits", reason)]).toEqual([reason, reason]);
    });

    it("as it does on a wrong tag or point says that the envelope doesn't open", async () => {
      const reason = new DOMException("", "OperationError");
      const refused = expect.objectContaining({ code: "AUTHENTICATION_FAILED" });
      expect([await failure("decrypt", reason), await failure("deriveBits", reason)]).toEqual([refused, refused]);
    });
  });
});

function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index);
}
