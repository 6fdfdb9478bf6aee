import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, extname, normalize, sep } from "node:path";
import type { KnowledgeDocument } from "@cloister/client";
import { codeOf } from "@cloister/service";
import { lineBatches } from "../line-batches.ts";
import { documentOfLine } from "./document-line.ts";
import { documentProblem } from "./document-problem.ts";
import { firstHeading } from "./title.ts";
import { utf8 } from "./utf8.ts";

/** Where something was found: a file as it was named, and the line, from 1, in a file of many documents. */
export interface Place {
  readonly file: string;
  readonly line?: number;
}

export interface FoundDocument extends Place {
  readonly document: KnowledgeDocument;
}

/** What can't be imported, and why, in words that don't repeat it. */
export interface BrokenDocument extends Place {
  readonly reason: string;
}

type Kind = "markdown" | "text" | "json lines";

const kinds: Readonly<Record<string, Kind>> = {
  ".md": "markdown",
  ".markdown": "markdown",
  ".txt": "text",
  ".text": "text",
  "": "text",
  ".jsonl": "json lines",
  ".ndjson": "json lines",
};

/** A document of 256 KiB with every character written as \uXXXX, and room around it. */
const mostLineBytes = 2 * 1024 * 1024;

/** The documents of the files, in order, as they are read. What is broken is named in its place; reading goes on. */
export async function* readDocuments(files: readonly string[]): AsyncGenerator<FoundDocument | BrokenDocument> {
  for (const file of files) {
    const kind = kinds[extname(file).toLowerCase()];
    try {
      if (kind === undefined) yield { file, reason: "not one of .md, .markdown, .txt, .text, .jsonl, .ndjson" };
      else if (kind === "json lines") yield* linesOf(file);
      else yield wholeFile(file, await readFile(file), kind);
    } catch (error) {
      yield { file, reason: unreadable(error) };
    }
  }
}

/** One document: its id is the file's path as given, its title the first heading of Markdown or the file's name. */
export function wholeFile(file: string, bytes: Uint8Array, kind: "markdown" | "text"): FoundDocument | BrokenDocument {
  const text = utf8(bytes);
  if (text === undefined) return { file, reason: "not UTF-8" };
  const name = basename(file, extname(file));
  const title = (kind === "markdown" ? firstHeading(text) : undefined) ?? name;
  const document = { documentId: normalize(file).replaceAll(sep, "/"), title, text };
  const reason = documentProblem(document);
  return reason === undefined ? { file, document } : { file, reason };
}

async function* linesOf(file: string): AsyncGenerator<FoundDocument | BrokenDocument> {
  let line = 0;
  for await (const batch of lineBatches(createReadStream(file), mostLineBytes)) {
    for (const bytes of batch) {
      line++;
      if (bytes?.toString().trim() === "") continue;
      const read = bytes === undefined ? `longer than ${mostLineBytes} bytes` : documentOfLine(bytes);
      yield typeof read === "string" ? { file, line, reason: read } : { file, line, document: read };
    }
  }
}

/** @throws the error itself when it isn't the file's */
function unreadable(error: unknown): string {
  if (typeof error !== "object" || error === null || !("syscall" in error)) throw error;
  return `can't be read (${codeOf(error)})`;
}
