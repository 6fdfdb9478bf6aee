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

/** Sends documents into the knowledge base of a name, and keeps what the next import needs to go on with it. */
export class KnowledgeBaseWriter {
  readonly #options: WriterOptions;
  readonly #conversation: Conversation;

  private constructor(options: WriterOptions, conversation: Conversation) {
    this.#options = options;
    this.#conversation = conversation;
  }

  /** Goes on with the one that the tenant's folder names, or opens a new one. @throws CliError, ClientError */
  static async open(options: WriterOptions): Promise<KnowledgeBaseWriter> {
    const { tenantFolder, name, client, admission, signal } = options;
    const known = (await readKnowledgeBases(tenantFolder)).find((one) => one.name === name);
    const conversation =
      known === undefined
        ? await client.openConversation({ kind: "kb", admission, signal })
        : client.resumeConversation(withOldKey(known.state));
    return new KnowledgeBaseWriter(options, conversation);
  }

  get conversationIdHex(): string {
    return hexOf(this.#conversation.id);
  }

  /** Resolves when the service has stored the document durably. @throws ClientError; CliError KNOWLEDGE_BASE_UNKNOWN */
  async add(document: KnowledgeDocument): Promise<void> {
    // Kept before it leaves: a process that is killed must not use a number again for other bytes. A gap is only told.
    const state = this.#conversation.exportState();
    await this.#keep({ ...state, lastSenderSeq: state.lastSenderSeq + NUMBERS_OF_A_DOCUMENT });
    await this.#conversation.sendDocument(document, { signal: this.#options.signal }).catch((error: unknown) => {
      throw isGone(error) ? unknownToTheSystem(this.#options.name) : error;
    });
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
