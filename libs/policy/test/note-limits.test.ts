import { describe, expect, it } from "@jest/globals";
import { MAX_NOTE_BYTES, openNote, signNote, unverifiedNoteText } from "@cloister/policy";
import { newSigner } from "./fixture.ts";
import { refusalOf } from "./refusal.ts";

const signer = newSigner();
const name = "example.com/key";
const known = { name, publicKey: signer.publicKey };
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (note: Uint8Array) => new TextDecoder().decode(note);
const signed = (text: string, count = 1) =>
  signNote(
    text,
    Array.from({ length: count }, () => ({ name, key: signer })),
  );
/** What a note is made of beside its text. */
const overhead = signed("\n").length - 1;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe("a note at its limits", () => {
  it("may have 64 KiB, signatures included, and not a byte more", () => {
    const longest = `${"a".repeat(MAX_NOTE_BYTES - overhead - 1)}\n`;
    const note = signed(longest);
    expect([note.length, openNote(note, [known]).text]).toEqual([MAX_NOTE_BYTES, longest]);
    expect(refusalOf(() => signed(`a${longest}`))).toBe("NOTE_MALFORMED");
    expect(refusalOf(() => unverifiedNoteText(bytesOf(`a${textOf(note)}`)))).toBe("NOTE_MALFORMED");
  });

  it("may have 16 signatures, and not one more, on both ways", () => {
    const note = signed("text\n", 16);
    expect(unverifiedNoteText(note)).toBe("text\n");
    expect(refusalOf(() => signed("text\n", 17))).toBe("NOTE_MALFORMED");
    const [line = ""] = textOf(note).split("\n").slice(2);
    expect(refusalOf(() => unverifiedNoteText(bytesOf(`${textOf(note)}${line}\n`)))).toBe("NOTE_MALFORMED");
  });

  it("is signed by somebody", () => {
    expect(refusalOf(() => signed("text\n", 0))).toBe("NOTE_MALFORMED");
  });

  it.each<[string, (note: string) => string]>([
    ["without its last newline", (note) => note.slice(0, -1)],
    ["without the empty line before its signatures", (note) => note.replace("\n\n", "\n")],
    ["without signatures", (note) => note.slice(0, note.indexOf("\n\n") + 2)],
    ["with a hyphen for the dash", (note) => note.replace("— ", "- ")],
    ["with no dash", (note) => note.replace("— ", "")],
    ["with a plus sign in the key's name", (note) => note.replace("example.com/key", "example+key")],
    ["with no name", (note) => note.replace("— example.com/key", "— ")],
    ["with a third word in the signature's line", (note) => `${note.slice(0, -1)} more\n`],
    ["with a name alone in the signature's line", (note) => `${note.slice(0, note.lastIndexOf(" "))}\n`],
    ["with a signature of four bytes", (note) => replaceSignature(note, base64(new Uint8Array(4)))],
    ["with a tab in its text", (note) => `a\t${note}`],
  ])("is refused %s", (_what, change) => {
    const note = textOf(signed("some text\n"));
    expect(refusalOf(() => unverifiedNoteText(bytesOf(change(note))))).toBe("NOTE_MALFORMED");
  });

  it("may have a signature of five bytes, which no known key can have made", () => {
    const note = bytesOf(replaceSignature(textOf(signed("text\n")), base64(new Uint8Array(5))));
    expect(unverifiedNoteText(note)).toBe("text\n");
    expect(refusalOf(() => openNote(note, [known]))).toBe("NOTE_UNSIGNED");
  });

  it("is refused when it isn't UTF-8, and read with the mark at its beginning that it was signed with", () => {
    const note = signed("text\n");
    expect(refusalOf(() => unverifiedNoteText(Uint8Array.of(0xff, ...note)))).toBe("NOTE_MALFORMED");
    expect(unverifiedNoteText(signed("\ufefftext\n"))).toBe("\ufefftext\n");
  });

  it.each(["no newline at its end", "a null\u0000\n", "a tab\t\n", "a return\r\n", ""])(
    "isn't signed over %j",
    (text) => {
      expect(refusalOf(() => signed(text))).toBe("NOTE_MALFORMED");
    },
  );
});

function replaceSignature(note: string, signature: string): string {
  return `${note.slice(0, note.lastIndexOf(" ") + 1)}${signature}\n`;
}
