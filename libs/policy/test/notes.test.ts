import { describe, expect, it } from "@jest/globals";
import { MAX_NOTE_BYTES, noteKeyId, openNote, signNote, signerFromSeed } from "@cloister/policy";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { refusalOf } from "./refusal.ts";

// The example of golang.org/x/mod/sumdb/note, which C2SP signed-note describes.
const goNote = utf8ToBytes(
  "If you think cryptography is the answer to your problem,\n" +
    "then you don't know what your problem is.\n\n" +
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
);
const peterNeumann = {
  name: "PeterNeumann",
  publicKey: Uint8Array.from(atob("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), (c) => c.charCodeAt(0)).slice(1),
};

const root = { name: "example.com/root", key: signerFromSeed(new Uint8Array(32).fill(1)) };
const second = { name: "example.com/second", key: signerFromSeed(new Uint8Array(32).fill(2)) };
const rootVerifier = { name: root.name, publicKey: root.key.publicKey };
const secondVerifier = { name: second.name, publicKey: second.key.publicKey };
const text = "hello\n\nworld\n";

describe("a signed note", () => {
  it("made by the Go implementation opens here", () => {
    expect(openNote(goNote, [peterNeumann]).text).toMatch(/^If you think/);
  });

  it("names its key as the Go implementation does", () => {
    expect(bytesToHex(noteKeyId(peterNeumann))).toBe("c74f20a3");
  });

  it("gives back its text verbatim, whatever empty lines it holds", () => {
    expect(openNote(signNote(text, [root]), [rootVerifier]).text).toBe(text);
  });

  it("round-trips any text without control characters", () => {
    const lines = fc.string({ unit: "grapheme" }).map((line) => line.replaceAll(/[\u0000-\u001f]/g, "") + "\n");
    fc.assert(
      fc.property(lines, (line) => {
        expect(openNote(signNote(line, [root]), [rootVerifier]).text).toBe(line);
      }),
      { numRuns: 30 },
    );
  });

  it("says which of the known keys signed it", () => {
    const note = signNote(text, [root, second]);
    expect(openNote(note, [secondVerifier, rootVerifier]).signedBy).toEqual([rootVerifier, secondVerifier]);
  });

  it("opens though an unknown key signed it too", () => {
    expect(openNote(signNote(text, [second, root]), [rootVerifier]).signedBy).toEqual([rootVerifier]);
  });

  it("is refused if only unknown keys signed it", () => {
    expect(refusalOf(() => openNote(signNote(text, [root]), [secondVerifier]))).toBe("NOTE_UNSIGNED");
  });

  it("is refused if the right key signed under another name", () => {
    const renamed = { ...rootVerifier, name: "example.com/other" };
    expect(refusalOf(() => openNote(signNote(text, [root]), [renamed]))).toBe("NOTE_UNSIGNED");
  });

  it("is refused if one key signed twice where two keys are required", () => {
    const note = signNote(text, [root, root]);
    expect(refusalOf(() => openNote(note, [rootVerifier, secondVerifier], { required: 2 }))).toBe("NOTE_UNSIGNED");
  });

  it("opens if the two required keys signed", () => {
    const note = signNote(text, [root, second]);
    expect(refusalOf(() => openNote(note, [rootVerifier, secondVerifier], { required: 2 }))).toBeUndefined();
  });

  it("is refused if a known key's signature doesn't hold, even beside a good one", () => {
    const other = new TextDecoder().decode(signNote("other\n", [second]));
    const [, stray] = other.split("\n\n");
    const note = utf8ToBytes(new TextDecoder().decode(signNote(text, [root])) + (stray ?? ""));
    expect(refusalOf(() => openNote(note, [rootVerifier, secondVerifier]))).toBe("SIGNATURE_INVALID");
  });

  it("is refused when any bit of it is flipped", () => {
    const note = signNote(text, [root]);
    const accepted = [...note.keys()].filter((position) => {
      const changed = note.map((byte, index) => (index === position ? byte ^ (1 << (position % 8)) : byte));
      return refusalOf(() => openNote(changed, [rootVerifier])) === undefined;
    });
    expect(accepted).toEqual([]);
  });

  it("refuses arbitrary bytes with a code and never crashes", () => {
    const pieces = fc.constantFrom("\n", "\n\n", "— ", "a", " ", "AAAAAAAA", "=", "example.com/root", "\u0000", "é");
    const noteLike = fc.array(pieces).map((parts) => utf8ToBytes(parts.join("")));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), noteLike), (bytes) => {
        expect(refusalOf(() => openNote(bytes, [rootVerifier]))).toMatch(/^NOTE_/);
      }),
    );
  });

  it.each([
    ["without a last newline", "text"],
    ["with a tab", "a\tb\n"],
    ["with a carriage return", "a\r\n"],
  ])("is never made of text %s", (_name, unsound) => {
    expect(refusalOf(() => signNote(unsound, [root]))).toBe("NOTE_MALFORMED");
  });

  it.each(["", "two words", "a+b", "non\u00a0breaking", "line\nbreak"])(
    "is never made under the key name %j",
    (name) => {
      expect(refusalOf(() => signNote(text, [{ ...root, name }]))).toBe("NOTE_MALFORMED");
    },
  );

  it("is refused above 64 KiB, on both ways", () => {
    const large = "x".repeat(MAX_NOTE_BYTES) + "\n";
    const forged = utf8ToBytes(`${large}\n— a AAAAAAAA\n`);
    expect([refusalOf(() => signNote(large, [root])), refusalOf(() => openNote(forged, [rootVerifier]))]).toEqual([
      "NOTE_MALFORMED",
      "NOTE_MALFORMED",
    ]);
  });

  it("is refused with more than 16 signatures", () => {
    const one = new TextDecoder().decode(signNote(text, [root]));
    const line = one.slice(one.lastIndexOf("— "));
    expect(refusalOf(() => openNote(utf8ToBytes(one + line.repeat(16)), [rootVerifier]))).toBe("NOTE_MALFORMED");
  });

  it("is refused with a signature in base64 that isn't canonical", () => {
    const one = new TextDecoder().decode(signNote(text, [root]));
    expect(refusalOf(() => openNote(utf8ToBytes(one.replace("=\n", "\n")), [rootVerifier]))).toBe("NOTE_MALFORMED");
  });
});
