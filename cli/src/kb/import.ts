import { ClientError } from "@cloister/client";
import { InvalidArgumentError, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addConnectionOptions, defaultDataFolder, type ConnectionFlags } from "../connection.ts";
import { interruptible } from "../interrupt.ts";
import { tenantClient } from "../tenant-client.ts";
import { admissionFor } from "../tenant/admission.ts";
import { admissionSigner, readTenant, tenantIdOf } from "../tenant/tenant-folder.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { readDocuments } from "./document-files.ts";
import { ImportProgress } from "./import-progress.ts";
import { KnowledgeBaseWriter, type WriterOptions } from "./knowledge-base-writer.ts";
import { importingAlone } from "./knowledge-bases.ts";

interface Flags extends ConnectionFlags {
  readonly tenant: string;
  readonly name: string;
  readonly development?: true;
  readonly json?: true;
}

const notes = `
Markdown (.md, .markdown) and text (.txt, .text, no ending) are a document a file: its id is the path as given, its title
the first heading or the file's name. JSON Lines (.jsonl, .ndjson) are a document a line:
{"documentId": string, "title": string, "text": string}. A document has at most 256 KiB. What can't be imported is named
by file and line on standard error, everything else is imported, and the command exits 1.

Documents are sealed here and redacted like any message. The command ends when they are stored durably; they answer
questions a moment later, when they were redacted and indexed. The same name again goes into the same knowledge base, and
a document of an id that it has already replaces the earlier one. knowledge-bases.json (0600) in the tenant's folder holds
the names and the keys to go on with: keep it like a private key.

After Ctrl-C or a crash run the same command again within a day: it leaves out what was stored already and goes on with
the rest. For that, knowledge-base-NAME.unfinished lies in the tenant's folder meanwhile, with a hash of each document.

Examples:
  cloister kb import --tenant ./tenant handbook/*.md
  cloister kb import --tenant ./tenant --name products products.jsonl --json`;

/** Adds `cloister kb import`. */
export function registerKbImport(kb: Command, terminal: Terminal): void {
  const command = kb
    .command("import")
    .summary("seal documents into a knowledge base")
    .description("Seals documents into a knowledge base, a new one or one that was imported into before.")
    .argument("<files...>", "Markdown, text and JSON Lines")
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--name <name>", "what chats call the knowledge base", knowledgeBaseName, "default");
  addConnectionOptions(command)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((files: string[], flags: Flags) =>
      interruptible((interrupt) => importFiles(files, flags, terminal, interrupt.signal)),
    );
}

async function importFiles(
  files: readonly string[],
  flags: Flags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const issuer = await admissionSigner(flags.tenant, tenant);
  const client = await tenantClient(tenantIdOf(tenant), flags);
  const admission = admissionFor(tenant, issuer, { kind: "kb" });
  const { name } = flags;
  const into = { tenantFolder: flags.tenant, name, client, admission, signal };
  const progress = new ImportProgress(terminal);
  const conversationId = await importingAlone(flags.tenant, () => sendAll(files, into, progress)).catch(
    (error: unknown) => {
      throw error instanceof ClientError && error.code === "ABORTED" ? interrupted(progress) : error;
    },
  );
  const { imported, resumed, broken } = progress;
  if (flags.json === true) printJson(terminal, { name, conversationId, imported, resumed, broken });
  else if (imported + resumed > 0) printLines(terminal, doneLines(name, progress, flags));
  if (broken.length === 0) return;
  const rest = imported === 0 ? "nothing was" : `${imported} ${imported === 1 ? "was" : "were"}`;
  throw new CliError(
    "DOCUMENTS_BROKEN",
    `${broken.length} of ${imported + broken.length} could not be imported and are named above; ${rest}.`,
  );
}

/** The knowledge base's id; null when there was nothing to open one for. */
async function sendAll(
  files: readonly string[],
  into: WriterOptions,
  progress: ImportProgress,
): Promise<string | null> {
  let writer: KnowledgeBaseWriter | undefined;
  try {
    for await (const { document, ...place } of withDocument(files, progress)) {
      if (into.signal.aborted) throw interrupted(progress);
      writer ??= await KnowledgeBaseWriter.open(into);
      try {
        if (await writer.add(document)) progress.addImported();
        else progress.addResumed();
      } catch (error) {
        if (!(error instanceof ClientError) || error.code !== "MESSAGE_TOO_LARGE") throw error;
        progress.addBroken({ ...place, reason: "larger than 256 KiB; split it" });
      }
    }
    if (into.signal.aborted) throw interrupted(progress);
    await writer?.complete();
    return writer?.conversationIdHex ?? null;
  } finally {
    progress.end();
    await writer?.close();
  }
}

async function* withDocument(files: readonly string[], progress: ImportProgress) {
  for await (const found of readDocuments(files)) {
    if ("document" in found) yield found;
    else progress.addBroken(found);
  }
}

function interrupted({ imported, resumed }: ImportProgress): CliError {
  return new CliError(
    "INTERRUPTED",
    `Stopped; ${imported + resumed} were imported and stay. Run the same again within a day: it goes on from there.`,
  );
}

function doneLines(name: string, { imported, resumed }: ImportProgress, { tenant, data, url }: Flags): string[] {
  const before = resumed === 0 ? "" : `, ${resumed} more before it was interrupted`;
  const where = url === undefined && data !== defaultDataFolder ? ` --data ${data}` : "";
  return [
    `${imported} ${imported === 1 ? "document" : "documents"} sealed into the knowledge base ${name}${before}.`,
    `Ask it: cloister chat --tenant ${tenant} --kb ${name}${where}`,
  ];
}

function knowledgeBaseName(text: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(text)) return text;
  throw new InvalidArgumentError("A name is 1 to 64 letters, digits, dots, dashes and underscores.");
}
