import { ClientError, type AskOptions, type Conversation } from "@cloister/client";
import { parseConversationId, type ConversationId } from "@cloister/envelope";
import chalk from "chalk";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addConnectionOptions, type ConnectionFlags } from "../connection.ts";
import { interruptible } from "../interrupt.ts";
import { readKnowledgeBases } from "../kb/knowledge-bases.ts";
import { tenantClient } from "../tenant-client.ts";
import { admissionFor } from "../tenant/admission.ts";
import { admissionSigner, readTenant, tenantIdOf } from "../tenant/tenant-folder.ts";
import { hexOf, isInteractive, printLines, type Terminal } from "../terminal.ts";
import { answerJson, sealedOf, statusOf, type Answer } from "./answer.ts";
import { LiveDisplay } from "./live-display.ts";
import { SentEnvelope } from "./sent-envelope.ts";
import { typedLines } from "./typed-lines.ts";

interface Flags extends ConnectionFlags {
  readonly tenant: string;
  readonly kb: readonly string[];
  readonly showSealed?: true;
  readonly development?: true;
  readonly json?: true;
}

/** An admission names no more. */
const MAX_KNOWLEDGE_BASES = 16;

const notes = `
Each line is a message: it is sealed here, answered in the services that the tenant's policy allows, and the names are put
back here. Through a pipe too: a message a line, each sent when the one before has its answer. The titles in brackets are
where the answer comes from. A message without a reply is a status with its code, and the chat goes on. It ends at the
end of the input or with Ctrl-C, with exit code 0; the conversation is not kept. Its id comes first, through a pipe on
standard error: \`cloister replies\` asks for it.

In a terminal an answer is shown while it comes, and its reply, which stands alone, completes or replaces it; otherwise the
reply alone is printed.

--show-sealed prints the size and the first bytes of what left this process, what the model wrote: with placeholders, and
the number and size of the sealed cells in which an answer came.
--json prints an object a line: {"conversationId", "messageId", "causeId", "createdAt", "text",
"sources": [{"documentId", "title"}], "model"}, with --show-sealed also {"sealed": {"bytes", "firstBytesHex"}, "rawText"};
without a reply {"conversationId", "failed": {"code", "retryable"}}.

Examples:
  cloister chat --tenant ./tenant
  cloister chat --tenant ./tenant --kb default --show-sealed
  cloister chat --tenant ./tenant --kb products handbook --json < questions.txt`;

/** Adds `cloister chat`. */
export function registerChat(program: Command, terminal: Terminal): void {
  const command = program
    .command("chat")
    .summary("ask, line by line, and read the answers")
    .description("Opens a conversation: each line that you type is sealed, answered and shown with its names restored.")
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--kb <names...>", "knowledge bases to answer from, see `cloister kb list`; at most 16", []);
  addConnectionOptions(command)
    .option("--show-sealed", "print what was sent and what the model wrote")
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print each reply as a line of JSON")
    .addHelpText("after", notes)
    .action((flags: Flags, self: Command) => {
      if (flags.kb.length > MAX_KNOWLEDGE_BASES) {
        self.error(`error: a chat names at most ${MAX_KNOWLEDGE_BASES} knowledge bases`);
      }
      return interruptible((interrupt) => chat(flags, terminal, interrupt));
    });
}

async function chat(flags: Flags, terminal: Terminal, interrupt: AbortController): Promise<void> {
  const { signal } = interrupt;
  const sent = new SentEnvelope();
  try {
    const conversation = await open(flags, sent, signal);
    const conversationId = hexOf(conversation.id);
    if (flags.json !== true) greet(conversationId, terminal);
    for await (const text of typedLines(terminal, interrupt)) {
      const display = new LiveDisplay(terminal);
      const isWatched = isInteractive(terminal.stdout) && flags.json !== true;
      const options = isWatched ? { signal, onLive: display.onLive } : { signal };
      const answer = await answerTo(text, conversation, options);
      const shown = flags.showSealed === true ? withSealed(answer, sent) : answer;
      if (flags.json === true) printLines(terminal, [answerJson(shown, conversationId)]);
      else display.end(shown);
    }
  } catch (error) {
    const isLeaving = signal.aborted && error instanceof ClientError && error.code === "ABORTED";
    if (!isLeaving) throw error;
  }
}

async function open(flags: Flags, { fetch }: SentEnvelope, signal: AbortSignal): Promise<Conversation> {
  const tenant = await readTenant(flags.tenant);
  const issuer = await admissionSigner(flags.tenant, tenant);
  const knowledgeBases = await idsOf(flags.kb, flags.tenant);
  const client = await tenantClient(tenantIdOf(tenant), flags, { fetch });
  return client.openConversation({ admission: admissionFor(tenant, issuer, { kind: "chat", knowledgeBases }), signal });
}

/** @throws CliError KNOWLEDGE_BASE_UNKNOWN, and as `readKnowledgeBases` */
async function idsOf(names: readonly string[], tenantFolder: string): Promise<ConversationId[]> {
  if (names.length === 0) return [];
  const known = new Map((await readKnowledgeBases(tenantFolder)).map((one) => [one.name, one.conversationId]));
  return [...new Set(names)].map((name) => {
    const id = known.get(name);
    if (id !== undefined) return parseConversationId(id);
    const choices = known.size === 0 ? "there is none yet" : `there are ${[...known.keys()].join(", ")}`;
    throw new CliError("KNOWLEDGE_BASE_UNKNOWN", `No knowledge base of this tenant has that name: ${choices}.`);
  });
}

async function answerTo(text: string | undefined, conversation: Conversation, options: AskOptions): Promise<Answer> {
  if (text === undefined) return { kind: "status", code: "MESSAGE_UNREADABLE", retryable: false };
  try {
    return { kind: "reply", reply: await conversation.ask(text, options), sealed: undefined };
  } catch (error) {
    return statusOf(error);
  }
}

function withSealed(answer: Answer, { bytes }: SentEnvelope): Answer {
  return answer.kind === "reply" && bytes !== undefined ? { ...answer, sealed: sealedOf(bytes) } : answer;
}

/** Through a pipe standard output is the answers' alone. */
function greet(conversationId: string, terminal: Terminal): void {
  if (!isInteractive(terminal.stdin)) {
    terminal.stderr.write(`Conversation ${conversationId}\n`);
    return;
  }
  printLines(terminal, [
    chalk.dim(`Conversation ${conversationId}: verified from the tenant's root, sealed on this machine.`),
    chalk.dim("A line is a message; Ctrl-C leaves."),
  ]);
}
