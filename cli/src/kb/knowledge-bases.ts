import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ConversationState } from "@cloister/client";
import { codeOf } from "@cloister/service";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { fileExists, readJson, replaceFile, requireOwnersAlone, writeNew } from "../files.ts";

const schema = z.strictObject({
  format: z.literal("cloister/v1 knowledge bases"),
  knowledgeBases: z.array(
    z.strictObject({
      name: z.string().min(1),
      conversationId: z.string().regex(/^[0-9a-f]{32}$/),
      importedAtMs: z.int().nonnegative(),
      // The SDK checks its own state, field by field, when an import goes on with it.
      state: z.custom<ConversationState>((state) => typeof state === "object" && state !== null),
    }),
  ),
});

/** A knowledge base as its importer keeps it. SECRET: `state` holds the conversation's private keys. */
export type KnowledgeBase = z.output<typeof schema>["knowledgeBases"][number];

const fileOf = (tenantFolder: string): string => join(tenantFolder, "knowledge-bases.json");

/** @throws CliError FILE_UNREADABLE, KEY_FILE_OPEN, KNOWLEDGE_BASES_MALFORMED */
export async function readKnowledgeBases(tenantFolder: string): Promise<readonly KnowledgeBase[]> {
  const path = fileOf(tenantFolder);
  if (!(await fileExists(path))) return [];
  await requireOwnersAlone(path);
  const parsed = schema.safeParse(await readJson(path));
  if (parsed.success) return parsed.data.knowledgeBases;
  throw new CliError("KNOWLEDGE_BASES_MALFORMED", `${path} was not written by \`cloister kb import\` of this version.`);
}

/** Puts it in the place of the one of the same name. @throws CliError as `readKnowledgeBases`, FILE_UNWRITABLE */
export async function keepKnowledgeBase(tenantFolder: string, knowledgeBase: KnowledgeBase): Promise<void> {
  const others = (await readKnowledgeBases(tenantFolder)).filter(({ name }) => name !== knowledgeBase.name);
  await writeKnowledgeBases(tenantFolder, [...others, knowledgeBase]);
}

/** Forgets its keys, too. @throws CliError as `keepKnowledgeBase` */
export async function forgetKnowledgeBase(tenantFolder: string, name: string): Promise<void> {
  const others = (await readKnowledgeBases(tenantFolder)).filter((one) => one.name !== name);
  await writeKnowledgeBases(tenantFolder, others);
}

async function writeKnowledgeBases(tenantFolder: string, knowledgeBases: KnowledgeBase[]): Promise<void> {
  const content: z.output<typeof schema> = { format: "cloister/v1 knowledge bases", knowledgeBases };
  await replaceFile(fileOf(tenantFolder), `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

/**
 * One import at a time: two would number their messages alike, and lose each other's keys. What a killed import left
 * locked is free again.
 * @throws CliError KNOWLEDGE_BASES_BUSY; FILE_UNWRITABLE; what the work throws
 */
export async function importingAlone<T>(tenantFolder: string, work: () => Promise<T>): Promise<T> {
  const lock = join(tenantFolder, "knowledge-bases.lock");
  if (await isLeftBehind(lock)) await rm(lock, { force: true });
  await writeNew(lock, `${process.pid}\n`, 0o600).catch((error: unknown) => {
    if (!(error instanceof CliError) || error.code !== "FILE_EXISTS") throw error;
    throw new CliError(
      "KNOWLEDGE_BASES_BUSY",
      `Another import into this tenant is running: wait for it. If none is, remove ${lock}.`,
    );
  });
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Whether a lock is of a process that is no more. One that can't be read is left to the person at the terminal. */
async function isLeftBehind(lock: string): Promise<boolean> {
  const pid = Number(await readFile(lock, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}
