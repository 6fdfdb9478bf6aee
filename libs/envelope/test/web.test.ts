import { readFileSync } from "node:fs";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  openEnvelope,
  parseEnvelope,
  parseKeyId,
  readHeader,
  sealEnvelope,
  Stage,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { type AsyncBackend, createWebBackend, openEnvelopeWeb, sealEnvelopeWeb } from "@cloister/envelope/web";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { concat } from "../src/bytes.ts";
import { LABELS } from "../src/labels.ts";
import { BACKENDS, codeOf, filled, header, NOW_MS, party, SUITES, utf8 } from "./fixtures.ts";
import type { FrozenVector } from "./frozen/cases.ts";
import { hex, unhex } from "./hex.ts";
import { ASYNC_BACKENDS, codeOfRejection, OPTIONAL, webCryptoWithout } from "./web-fixtures.ts";

// The committed file, which frozen/make.ts wrote as this type.
const frozen = JSON.parse(readFileSync(new URL("vectors/frozen.json", import.meta.url), "utf8")) as FrozenVector[];
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const payload = utf8("What is the refund period?");

/** As `party` of the synchronous backends: the same bytes for the same number. */
function asyncParty(backend: AsyncBackend, number: number) {
  const kemPrivate = createKemPrivateKey(backend, filled(32, number));
  const signing = createSigningKey(backend, filled(32, number + 64));
  return {
    kemPrivate,
    kemPublic: createKemPublicKey(backend, kemPrivate.publicKeyBytes),
    wrap: createWrapKey(backend, { key: filled(32, number + 128), keyId: parseKeyId(filled(16, number)) }),
    signing,
    verifying: createVerifyingKey(backend, signing.publicKeyBytes),
  };
}

describe("the web backend", () => {
  it("uses all that Node's WebCrypto has", async () => {
    const { native } = await createWebBackend();

    expect(native).toEqual({ x25519: true, ed25519: true, mlKem768: true, chacha20Poly1305: true });
  });

  it("finds out what an older runtime is without", async () => {
    const { native } = await createWebBackend(webCryptoWithout(...OPTIONAL));

    expect(native).toEqual({ x25519: false, ed25519: false, mlKem768: false, chacha20Poly1305: false });
  });

  it("refuses to be made where there is no WebCrypto", async () => {
    const insecurePage = { getRandomValues: () => undefined, subtle: undefined as never };

    await expect(createWebBackend(insecurePage)).rejects.toThrow("There is no WebCrypto here.");
  });
});

describe.each(ASYNC_BACKENDS)("on $name", (backend) => {
  const own = asyncParty(backend, 1);

  it.each(frozen)("the frozen bytes give the text and the cells again: $name", async (vector) => {
    const isKem = vector.recipient === "kem";
    const key = isKem
      ? createKemPrivateKey(backend, unhex(vector.recipientKey))
      : createWrapKey(backend, { key: unhex(vector.recipientKey), keyId: parseKeyId(vector.recipientKeyId) });
    const signer =
      vector.signingSeed === ""
        ? "none"
        : createVerifyingKey(backend, createSigningKey(backend, unhex(vector.signingSeed)).publicKeyBytes);
    const request = { keys: [key], signer, nowMs: vector.nowMs, stream: true } as const;

    const opened = await openEnvelopeWeb(backend, unhex(vector.envelope), request);

    expect(text(opened.payload)).toBe(vector.payload);
    const texts = vector.frames.map(({ frame }) => text(opened.stream.open(unhex(frame)).text));
    expect(texts).toEqual(vector.frames.map(({ text }) => text));
  });

  it.each(frozen.filter(({ recipient }) => recipient === "wrap"))(
    "the same randomness gives the frozen bytes: $name",
    async (vector) => {
      const wrap = createWrapKey(backend, {
        key: unhex(vector.recipientKey),
        keyId: parseKeyId(vector.recipientKeyId),
      });
      const sealed = await sealEnvelopeWeb(
        { ...backend, randomBytes: () => unhex(vector.randomness) },
        {
          header: readHeader(unhex(vector.envelope)),
          payload: utf8(vector.payload),
          recipients: [wrap],
          stream: true,
        },
      );

      const last = vector.frames.length - 1;
      const frames = vector.frames.map(({ text }, i) => hex(sealed.stream.seal(utf8(text), i === last)));
      expect([hex(sealed.bytes), ...frames]).toEqual([vector.envelope, ...vector.frames.map(({ frame }) => frame)]);
    },
  );

  it("any payload goes to every kind of recipient and back, with the synchronous backends on the other side", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 6000 }),
        fc.constantFrom(...SUITES),
        fc.constantFrom(...BACKENDS),
        async (message, suite, other) => {
          const there = party(other, 1);
          const request = { header: header({ suite }), payload: message };
          const forth = await sealEnvelopeWeb(backend, {
            ...request,
            recipients: [own.kemPublic, asyncParty(backend, 2).wrap],
            signer: own.signing,
          });
          const back = sealEnvelope(other, {
            ...request,
            recipients: [there.kemPublic, party(other, 2).wrap],
            signer: there.signing,
          });

          for (const key of [there.kemPrivate, party(other, 2).wrap]) {
            const opening = { keys: [key], signer: there.verifying, nowMs: NOW_MS };
            expect(hex(openEnvelope(other, forth.bytes, opening).payload)).toBe(hex(message));
          }
          for (const key of [own.kemPrivate, asyncParty(backend, 2).wrap]) {
            const opening = { keys: [key], signer: own.verifying, nowMs: NOW_MS };
            const opened = await openEnvelopeWeb(backend, back.bytes, opening);
            expect(hex(opened.payload)).toBe(hex(message));
            expect(opened.header).toEqual(request.header);
            expect(hex(opened.protectedHash)).toBe(hex(back.protectedHash));
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it.each(SUITES)("cells go to the synchronous backends and back (suite %s)", async (suite) => {
    const streamHeader = header({ suite, stage: Stage.STREAM, contentType: ContentType.STREAM_OPENING });
    const request = { header: streamHeader, payload: utf8(""), stream: true } as const;
    const there = party(nodeBackend, 1);
    const forth = await sealEnvelopeWeb(backend, { ...request, recipients: [own.kemPublic], signer: own.signing });
    const back = sealEnvelope(nodeBackend, { ...request, recipients: [there.kemPublic], signer: there.signing });

    const [nowMs, stream] = [NOW_MS, true as const];
    const received = openEnvelope(nodeBackend, forth.bytes, {
      keys: [there.kemPrivate],
      signer: there.verifying,
      nowMs,
      stream,
    });
    const returned = await openEnvelopeWeb(backend, back.bytes, {
      keys: [own.kemPrivate],
      signer: own.verifying,
      nowMs,
      stream,
    });

    expect(text(received.stream.open(forth.stream.seal(utf8("Thirty"))).text)).toBe("Thirty");
    expect(text(returned.stream.open(back.stream.seal(utf8("days"))).text)).toBe("days");
  });

  it("any flipped bit and any cut is refused with the code that the synchronous backends give", async () => {
    const there = party(nodeBackend, 1);
    const unsigned = sealEnvelope(nodeBackend, { header: header(), payload, recipients: [there.wrap] }).bytes;
    const signed = sealEnvelope(nodeBackend, {
      header: header(),
      payload,
      recipients: [there.kemPublic],
      signer: there.signing,
    }).bytes;
    const damages = fc.oneof(
      fc.record({ from: fc.constantFrom(unsigned, signed), bit: fc.nat() }),
      fc.record({ from: fc.constantFrom(unsigned, signed), cut: fc.nat() }),
    );

    await fc.assert(
      fc.asyncProperty(damages, async (damage) => {
        const bytes =
          "bit" in damage ? flipped(damage.from, damage.bit) : damage.from.slice(0, damage.cut % damage.from.length);
        for (const isSigned of [false, true]) {
          const expected = codeOf(() =>
            openEnvelope(nodeBackend, bytes, {
              keys: [there.wrap, there.kemPrivate],
              signer: isSigned ? there.verifying : "none",
              nowMs: NOW_MS,
            }),
          );
          const opening = openEnvelopeWeb(backend, bytes, {
            keys: [own.wrap, own.kemPrivate],
            signer: isSigned ? own.verifying : "none",
            nowMs: NOW_MS,
          });
          expect([expected, await codeOfRejection(opening)]).toEqual([expected, expected]);
          expect(expected).not.toBe("no error");
        }
      }),
      { numRuns: 150 },
    );
  });

  it("an encapsulation with an X25519 part of low order does not open", async () => {
    const { bytes } = await sealEnvelopeWeb(backend, {
      header: header(),
      payload,
      recipients: [own.kemPublic],
      signer: own.signing,
    });
    const [recipient] = parseEnvelope(bytes).recipients;
    if (recipient?.kind !== "kem") throw new Error("sealed to an X-Wing key");
    const enc = recipient.enc.slice();
    enc.fill(0, 1088, 1120);

    expect(await own.kemPrivate.decapsulate(enc)).toBeUndefined();
    expect(await own.kemPrivate.decapsulate(recipient.enc)).toHaveLength(32);
  });

  it("another content key for one reader fails its commitment", async () => {
    const { bytes } = await sealEnvelopeWeb(backend, { header: header(), payload, recipients: [own.wrap] });
    const { protectedBytes, recipients, commitment } = parseEnvelope(bytes);
    const [recipient] = recipients;
    if (recipient?.kind !== "wrap") throw new Error("sealed to one wrap key");
    const aad = concat(LABELS.wrapAad, recipient.keyId, nodeBackend.digests.sha256(protectedBytes), commitment);
    const { wrap } = party(nodeBackend, 1);
    wrap.wrap(header().suite, recipient.nonce, aad, filled(32, 9), recipient.sealedCek); // a view of the envelope

    const opening = openEnvelopeWeb(backend, bytes, { keys: [own.wrap], signer: "none", nowMs: NOW_MS });

    expect(await codeOfRejection(opening)).toBe("COMMITMENT_MISMATCH");
  });

  it("a request and an envelope count as they were when they were handed over", async () => {
    const message = payload.slice();
    const sealing = sealEnvelopeWeb(backend, { header: header(), payload: message, recipients: [own.wrap] });
    message.fill(0);
    const { bytes } = await sealing;
    const opening = openEnvelopeWeb(backend, bytes, { keys: [own.wrap], signer: "none", nowMs: NOW_MS });
    bytes.fill(0);

    expect(text((await opening).payload)).toBe(text(payload));
  });

  it("what can't be sealed is refused with the code of the synchronous backends", async () => {
    const destroyed = asyncParty(backend, 3);
    for (const key of [destroyed.wrap, destroyed.kemPrivate, destroyed.signing]) key.destroy();
    const usedUp = createWrapKey(backend, { key: filled(32, 1), keyId: parseKeyId(filled(16, 1)), wrapBudget: 0 });
    const request = { header: header(), payload };
    const { bytes } = await sealEnvelopeWeb(backend, {
      ...request,
      recipients: [asyncParty(backend, 3).kemPublic],
      signer: own.signing,
    });

    expect([
      await codeOfRejection(sealEnvelopeWeb(backend, { ...request, recipients: [] })),
      await codeOfRejection(sealEnvelopeWeb(backend, { ...request, recipients: [own.kemPublic] })),
      await codeOfRejection(
        sealEnvelopeWeb(backend, { ...request, recipients: [own.wrap, own.wrap], signer: own.signing }),
      ),
      await codeOfRejection(
        sealEnvelopeWeb(backend, { ...request, payload: filled(262_145, 1), recipients: [own.wrap] }),
      ),
      await codeOfRejection(sealEnvelopeWeb(backend, { ...request, recipients: [destroyed.wrap] })),
      await codeOfRejection(sealEnvelopeWeb(backend, { ...request, recipients: [usedUp] })),
      await codeOfRejection(
        sealEnvelopeWeb(backend, { ...request, recipients: [own.wrap], signer: destroyed.signing }),
      ),
      await codeOfRejection(
        openEnvelopeWeb(backend, bytes, { keys: [destroyed.kemPrivate], signer: own.verifying, nowMs: NOW_MS }),
      ),
    ]).toEqual([
      "MALFORMED",
      "MALFORMED",
      "MALFORMED",
      "TOO_LARGE",
      "KEY_DESTROYED",
      "KEY_UNAVAILABLE",
      "KEY_DESTROYED",
      "KEY_DESTROYED",
    ]);
  });

  it("bytes that are no key make none", () => {
    const keyId = parseKeyId(filled(16, 1));

    expect([
      codeOf(() => createWrapKey(backend, { key: filled(31, 1), keyId })),
      codeOf(() => createKemPrivateKey(backend, filled(33, 1))),
      codeOf(() => createKemPublicKey(backend, filled(1215, 1))),
      codeOf(() => createKemPublicKey(backend, filled(1216, 0xff))), // ML-KEM coefficients above q
      codeOf(() =>
        createKemPublicKey(backend, Uint8Array.of(...own.kemPublic.bytes.subarray(0, 1184), ...filled(32, 0))),
      ), // low order
      codeOf(() => createSigningKey(backend, filled(31, 1))),
      codeOf(() => createVerifyingKey(backend, filled(31, 1))),
    ]).toEqual(Array(7).fill("MALFORMED"));
  });

  it("a second message from the same keys opens as the first did, from copies of the caller's bytes", async () => {
    const seed = filled(32, 9);
    const kem = createKemPrivateKey(backend, seed);
    const signing = createSigningKey(backend, seed);
    seed.fill(0);
    const recipients = [createKemPublicKey(backend, kem.publicKeyBytes)];
    const signer = createVerifyingKey(backend, signing.publicKeyBytes);

    for (const message of ["one", "two"]) {
      const request = { header: header(), payload: utf8(message), recipients, signer: signing };
      const { bytes } = await sealEnvelopeWeb(backend, request);
      const opened = await openEnvelopeWeb(backend, bytes, { keys: [kem], signer, nowMs: NOW_MS });
      expect(text(opened.payload)).toBe(message);
    }
    expect(hex(kem.publicKeyBytes)).toBe(hex(createKemPrivateKey(nodeBackend, filled(32, 9)).publicKeyBytes));
    expect(hex(signing.publicKeyBytes)).toBe(hex(createSigningKey(nodeBackend, filled(32, 9)).publicKeyBytes));
  });
});

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  const at = (bit >> 3) % bytes.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7));
  return changed;
}
