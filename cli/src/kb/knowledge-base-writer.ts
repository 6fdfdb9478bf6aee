import {
  ClientError,
  type Client,
  type Conversation,
  type ConversationState,
  type GetAdmission,
  type KnowledgeDocument,
} from "@cloister/client";
import { systemClock } from "@cloister/service";
import { CliError } from "../cli-error.ts";
import { hexOf } from "../terminal.ts";
import { ImportJournal } from "./import-journal.ts";
import { keepKnowledgeBase, readKnowledgeBases } from "./knowledge-bases.ts";

export interface WriterOptions {
  readonly tenantFolder: string;
  readonly name: string;
  readonly client: Client;
  readonly admission: GetAdmission;
  readonly signal: AbortSignal;
}

/** A document takes one number of its sender, and a second one when the key in hand has to be renewed for it. */
const NUMBERS_OF_A_DOCUMENT = 2;
/** Numbers are set aside for so many documents at once: each time is a write that waits for the disk. */
const DOCUMENTS_SET_ASIDE = 32;

/** Sends documents into the knowledge base of a name, and keeps what the next import needs to go on with it. */
export class KnowledgeBaseWriter {
  readonly #options: WriterOptions;
  readonly #conversation: Conversation;

  readonly #journal: ImportJournal;
  #setAsideUpTo = 0;

  private constructor(options: WriterOptions, conversation: Conversation, journal: ImportJournal) {
    this.#options = options;
    this.#conversation = conversation;
    this.#journal = journal;
  }

  /** Goes on with the one that the tenant's folder names, or opens a new one. @throws CliError, ClientError */
  static async open(options: WriterOptions): Promise<KnowledgeBaseWriter> {
    const { tenantFolder, name, client, admission, signal } = options;
    const known = (await readKnowledgeBases(tenantFolder)).find((one) => one.name === name);
    const conversation =
      known === undefined
        ? await client.openConversation({ kind: "kb", admission, signal })
        : client.resumeConversation(withOldKey(known.state));
    const conversationIdHex = hexOf(conversation.id);
    const journal = await ImportJournal.open(tenantFolder, { name, conversationIdHex, nowMs: systemClock.nowMs() });
    return new KnowledgeBaseWriter(options, conversation, journal);
  }

  get conversationIdHex(): string {
    return hexOf(this.#conversation.id);
  }

  /**
   * Resolves when the service has stored the document durably: true, or false when an interrupted import had done so
   * before. @throws ClientError; CliError KNOWLEDGE_BASE_UNKNOWN
   */
  async add(document: KnowledgeDocument): Promise<boolean> {
    if (this.#journal.hasSent(document)) return false;
    // Kept before it leaves: a process that is killed must not use a number again for other bytes. A gap is only told.
    await this.#setNumbersAside();
    await this.#conversation.sendDocument(document, { signal: this.#options.signal }).catch((error: unknown) => {
      throw isGone(error) ? unknownToTheSystem(this.#options.name) : error;
    });
    await this.#journal.addSent(document);
    return true;
  }

  async #setNumbersAside(): Promise<void> {
    const state = this.#conversation.exportState();
    if (state.lastSenderSeq + NUMBERS_OF_A_DOCUMENT <= this.#setAsideUpTo) return;
    this.#setAsideUpTo = state.lastSenderSeq + NUMBERS_OF_A_DOCUMENT * DOCUMENTS_SET_ASIDE;
    await this.#keep({ ...state, lastSenderSeq: this.#setAsideUpTo });
  }

  /** Everything was sent: the next import begins anew. */
  complete(): Promise<void> {
    return this.#journal.end();
  }

  /** Keeps the exact state. Whoever opens one closes it, whatever happened. @throws CliError */
  close(): Promise<void> {
    return this.#keep(this.#conversation.exportState());
  }

  #keep(state: ConversationState): Promise<void> {
    const { tenantFolder, name } = this.#options;
    const importedAtMs = systemClock.nowMs();
    return keepKnowledgeBase(tenantFolder, { name, conversationId: this.conversationIdHex, importedAtMs, state });
  }
}

/**
 * Any service stores a document; only `keys` knows whether there is still somebody to open it. A key that seems too old
 * has the SDK ask `keys` for another before the first document leaves.
 */
function withOldKey(state: ConversationState): ConversationState {
  return { ...state, inbound: { ...state.inbound, sealUntilMs: 0 } };
}

function isGone(error: unknown): boolean {
  return error instanceof ClientError && error.problem === "CONVERSATION_UNKNOWN";
}

function unknownToTheSystem(name: string): CliError {
  return new CliError(
    "KNOWLEDGE_BASE_UNKNOWN",
    `The running system doesn't know the knowledge base ${name}: it is another system's, or erased. Choose another --name.`,
  );
}
