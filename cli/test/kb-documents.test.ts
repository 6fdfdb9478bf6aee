import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { documentOfLine } from "../src/kb/document-line.ts";
import { readDocuments, wholeFile } from "../src/kb/document-files.ts";
import { firstHeading } from "../src/kb/title.ts";

const line = (fields: unknown): Uint8Array => Buffer.from(JSON.stringify(fields));

describe("the title of a Markdown document", () => {
  it.each([
    ["its first heading, of any level", "intro\n\n## Fees and limits\n# Later", "Fees and limits"],
    ["without closing marks", "# Fees ##  \r\n", "Fees"],
    ["a text that is underlined", "intro\n\nFees\n====\n", "Fees"],
    ["not what a code block holds", "```sh\n# a comment\n```\n# Fees", "Fees"],
    ["not what stands in the front matter", "---\n# draft: true\n---\n# Fees", "Fees"],
    ["nothing when there is only a rule", "text\n\n---\n", undefined],
    ["nothing when there is only a tag", "#fees", undefined],
  ])("is %s", (_what, markdown, title) => {
    expect(firstHeading(markdown)).toBe(title);
  });

  it("is found quickly in a file of one line that is nearly a heading", () => {
    expect(firstHeading(`# a${" ".repeat(250_000)}b`)).toBeUndefined();
  });
});

describe("a file that is one document", () => {
  it("has its path as id and its first heading as title", () => {
    const found = wholeFile("./help/../help/cards.md", Buffer.from("# Cards\n\nFive days."), "markdown");
    expect(found).toMatchObject({ document: { documentId: "help/cards.md", title: "Cards" } });
  });

  it.each([["text"], ["markdown"]] as const)("has its name as title when it is %s without a heading", (kind) => {
    expect(wholeFile("help/cards.v2.txt", Buffer.from("Five days."), kind)).toMatchObject({
      document: { title: "cards.v2", text: "Five days." },
    });
  });

  it.each([
    ["no UTF-8", Buffer.from([0x61, 0xff]), "not UTF-8"],
    ["blank", Buffer.from(" \n"), "it has no text"],
  ])("is broken when it is %s", (_what, bytes, reason) => {
    expect(wholeFile("a.txt", bytes, "text")).toEqual({ file: "a.txt", reason });
  });
});

describe("a line of JSON Lines", () => {
  it("gives back any document that redaction takes", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 50 });
    const documents = fc.record({ documentId: text, title: text, text: text.filter((one) => one.trim() !== "") });
    fc.assert(fc.property(documents, (document) => expect(documentOfLine(line(document))).toEqual(document)));
  });

  it.each([
    ["not JSON", Buffer.from("{secret")],
    ["not UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["not a JSON object", line(["secret"])],
    ['"documentId" is not a string', line({ title: "secret", text: "secret" })],
    ['"title" is not a string', line({ documentId: "secret", text: "secret" })],
    ['"text" is not a string', line({ documentId: "secret", title: "secret", text: 1 })],
    ["its id is empty", line({ documentId: "", title: "secret", text: "secret" })],
    ["its id is longer than 256 characters", line({ documentId: "x".repeat(257), title: "", text: "secret" })],
    ["its title is longer than 1024 characters", line({ documentId: "x", title: "x".repeat(1025), text: "secret" })],
    ["it has no text", line({ documentId: "x", title: "", text: " " })],
    ["it holds half a character", Buffer.from('{"documentId":"x","title":"","text":"\\ud800"}')],
  ])("is broken when %s, which is said without repeating it", (reason, bytes) => {
    expect(documentOfLine(bytes)).toBe(reason);
  });
});

describe("the files of an import", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-kb-"));
    await writeFile(join(folder, "a.md"), "# A\n\nText.");
    await writeFile(join(folder, "b.jsonl"), 'broken\n\n{"documentId":"b","title":"B","text":"one\u2028line"}\n');
    await writeFile(join(folder, "c.pdf"), "");
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("are read in order; what is broken is named by file and line, and the others are read", async () => {
    const [a, b, none, c] = ["a.md", "b.jsonl", "none.txt", "c.pdf"].map((name) => join(folder, name));
    const files = [a, b, none, folder, c].filter((file) => file !== undefined);
    const found: unknown[] = [];
    for await (const one of readDocuments(files)) found.push(one);
    expect(found).toEqual([
      { file: a, document: expect.objectContaining({ title: "A" }) },
      { file: b, line: 1, reason: "not JSON" },
      { file: b, line: 3, document: { documentId: "b", title: "B", text: "one\u2028line" } },
      { file: none, reason: "can't be read (ENOENT)" },
      { file: folder, reason: "can't be read (EISDIR)" },
      { file: c, reason: expect.stringContaining("not one of .md") },
    ]);
  });
});
