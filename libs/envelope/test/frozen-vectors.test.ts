import { readFileSync } from "node:fs";
import {
  createKemPrivateKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  openEnvelope,
} from "@cloister/envelope";
import { type EnvelopeBackend, parseKeyId } from "@cloister/envelope";
import { createNobleBackend } from "@cloister/envelope/noble";
import { nodeBackend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import { BACKENDS } from "./fixtures.ts";
import { type FrozenVector, frozenVectors } from "./frozen/cases.ts";
import { unhex } from "./hex.ts";

// The committed file, which frozen/make.ts wrote as this type.
const frozen = JSON.parse(readFileSync(new URL("vectors/frozen.json", import.meta.url), "utf8")) as FrozenVector[];

describe("the frozen bytes", () => {
  it("cover suite, recipient kind and stream", () => {
    expect(frozen.map(({ name }) => name)).toHaveLength(8);
  });

  it("are what the noble backend seals from the same randomness", () => {
    expect(frozenVectors(createNobleBackend)).toEqual(frozen);
  });

  it("are what the node backend seals under wrap keys from the same randomness", () => {
    const remade = frozenVectors((randomBytes) => ({ ...nodeBackend, randomBytes }));

    expect(remade.filter(({ recipient }) => recipient === "wrap")).toEqual(
      frozen.filter(({ recipient }) => recipient === "wrap"),
    );
  });

  describe.each(BACKENDS)("opened with $name", (backend) => {
    it.each(frozen)("give the text and the cells again: $name", (vector) => {
      const keys = [openingKey(backend, vector)];
      const signer = vector.signingSeed === "" ? "none" : verifyingKey(backend, vector);
      const request = { keys, signer, nowMs: vector.nowMs, stream: true } as const;

      const { payload, stream } = openEnvelope(backend, unhex(vector.envelope), request);

      const texts = vector.frames.map(({ frame }) => new TextDecoder().decode(stream.open(unhex(frame)).text));
      expect(new TextDecoder().decode(payload)).toBe(vector.payload);
      expect(texts).toEqual(vector.frames.map(({ text }) => text));
      expect(stream.isEnded).toBe(vector.frames.length > 0);
    });
  });
});

function openingKey(backend: EnvelopeBackend, { recipient, recipientKey, recipientKeyId }: FrozenVector) {
  if (recipient === "kem") return createKemPrivateKey(backend, unhex(recipientKey));
  return createWrapKey(backend, { key: unhex(recipientKey), keyId: parseKeyId(recipientKeyId) });
}

function verifyingKey(backend: EnvelopeBackend, { signingSeed }: FrozenVector) {
  return createVerifyingKey(backend, createSigningKey(backend, unhex(signingSeed)).publicKeyBytes);
}
