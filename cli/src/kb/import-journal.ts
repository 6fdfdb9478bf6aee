import { createHash } from "node:crypto";
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { KnowledgeDocument } from "@cloister/client";
import { codeOf } from "@cloister/service";
import { CliError } from "../cli-error.ts";
import { fileExists, readBytes, replaceFile, requireOwnersAlone } from "../files.ts";

const format = "cloister/v1 unfinished import";
/** What lies longer is sent again: the system keeps documents for a time, counted from when they were sent. */
const mostHours = 24;
const hourMs = 3_600_000;

/**
 * What an import has sent so far, so that the same command goes on where it was interrupted: a line a document, written
 * when the system had stored it. It holds hashes and is gone when the import is complete.
 */
export class ImportJournal {
  readonly #path: string;
  readonly #sent: Set<string>;

  private constructor(path: string, sent: Set<string>) {
    this.#path = path;
    this.#sent = sent;
  }

  /**
   * Goes on with the journal that an interrupted import left, if it was into the same knowledge base within the last
   * day; else begins one. @throws CliError FILE_UNREADABLE, FILE_UNWRITABLE, KEY_FILE_OPEN
   */
  static async open(
    tenantFolder: string,
    { name, conversationIdHex, nowMs }: { name: string; conversationIdHex: string; nowMs: number },
  ): Promise<ImportJournal> {
    const path = pathOf(tenantFolder, name);
    const left = await readLeft(path, conversationIdHex, nowMs);
    if (left !== undefined) return new ImportJournal(path, left);
    await replaceFile(path, `${JSON.stringify({ format, conversationIdHex, startedAtMs: nowMs })}\n`, 0o600);
    return new ImportJournal(path, new Set());
  }

  /** Whether the interrupted import sent the same document with the same title and text. */
  hasSent(document: KnowledgeDocument): boolean {
    return this.#sent.has(digestOf(document));
  }

  /** @throws CliError FILE_UNWRITABLE */
  async addSent(document: KnowledgeDocument): Promise<void> {
    const digest = digestOf(document);
    this.#sent.add(digest);
    await appendFile(this.#path, `${digest}\n`, { mode: 0o600 }).catch((error: unknown) => {
      throw new CliError("FILE_UNWRITABLE", `${this.#path} can't be written (${codeOf(error)}).`);
    });
  }

  /** The import is complete: the next one sends everything. */
  end(): Promise<void> {
    return rm(this.#path, { force: true });
  }
}

/** Of a knowledge base that is removed. */
export function removeJournal(tenantFolder: string, name: string): Promise<void> {
  return rm(pathOf(tenantFolder, name), { force: true });
}

function pathOf(tenantFolder: string, name: string): string {
  return join(tenantFolder, `knowledge-base-${name}.unfinished`);
}

/** Undefined when there is none to go on with. A last line that a crash cut is of a document that is sent again. */
async function readLeft(path: string, conversationIdHex: string, nowMs: number): Promise<Set<string> | undefined> {
  if (!(await fileExists(path))) return undefined;
  await requireOwnersAlone(path);
  const [first = "", ...lines] = new TextDecoder().decode(await readBytes(path)).split("\n");
  const head = headOf(first);
  const isSame = head?.["format"] === format && head["conversationIdHex"] === conversationIdHex;
  if (!isSame || !(Number(head["startedAtMs"]) > nowMs - mostHours * hourMs)) return undefined;
  return new Set(lines.filter((line) => /^[0-9a-f]{64}$/u.test(line)));
}

function headOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const head: unknown = JSON.parse(line);
    return typeof head === "object" && head !== null ? { ...head } : undefined;
  } catch {
    return undefined;
  }
}

function digestOf({ documentId, title, text }: KnowledgeDocument): string {
  return createHash("sha256")
    .update(JSON.stringify([documentId, title, text]))
    .digest("hex");
}
