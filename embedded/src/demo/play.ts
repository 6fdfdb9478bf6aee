import { ClientError, type Client, type Conversation, type GetAdmission } from "@cloister/client";

export interface PlayedMessage {
  readonly conversation: string;
  readonly typed: string;
  readonly latencyMs: number;
  /** What the log carries of it. */
  readonly sealed: { readonly bytes: number; readonly firstBytesHex: string } | null;
  /** With placeholders; null when the model was never asked. */
  readonly modelSaw: string | null;
  readonly readerRead: string | null;
  readonly sources: readonly string[];
  /** A stable code when there was no answer. */
  readonly failure: string | null;
}

/** Takes the id of the message that was answered, where one was. */
export type ModelWatch = (causeId: Uint8Array | undefined) => Promise<string | null> | string | null;

export interface PlayOptions {
  readonly client: Client;
  /** Called before a message is sent; what it returns says afterwards with which words the model was asked, if it was. */
  readonly watchModel: () => ModelWatch;
  /** The envelope of a message as it lies on the log. */
  readonly onTheLog: (messageId: Uint8Array) => Promise<Uint8Array | undefined>;
  readonly monotonicMs: () => number;
  readonly onPlayed: (message: PlayedMessage) => void;
}

const ANSWER_TIMEOUT_MS = 30_000;
const SHOWN_BYTES = 16;

/** One person's conversation, message by message: each is answered before the next is sent. */
export class Player {
  constructor(private readonly options: PlayOptions) {}

  async play(name: string, texts: readonly string[], admission: GetAdmission): Promise<PlayedMessage[]> {
    const conversation = await this.options.client.openConversation({ admission });
    const played: PlayedMessage[] = [];
    for (const text of texts) {
      const message = await this.#ask(name, conversation, text);
      this.options.onPlayed(message);
      played.push(message);
    }
    return played;
  }

  async #ask(name: string, conversation: Conversation, typed: string): Promise<PlayedMessage> {
    const { watchModel, monotonicMs, onTheLog } = this.options;
    const startedAt = monotonicMs();
    const modelSaw = watchModel();
    const outcome = await answered(conversation, typed);
    const latencyMs = monotonicMs() - startedAt;
    const envelope = outcome.causeId && (await onTheLog(outcome.causeId));
    return {
      conversation: name,
      typed,
      latencyMs,
      sealed: envelope
        ? { bytes: envelope.length, firstBytesHex: Buffer.from(envelope.subarray(0, SHOWN_BYTES)).toString("hex") }
        : null,
      modelSaw: await modelSaw(outcome.causeId),
      readerRead: outcome.text,
      sources: outcome.sources,
      failure: outcome.failure,
    };
  }
}

interface Outcome {
  readonly causeId: Uint8Array | undefined;
  readonly text: string | null;
  readonly sources: readonly string[];
  readonly failure: string | null;
}

async function answered(conversation: Conversation, text: string): Promise<Outcome> {
  try {
    const reply = await conversation.ask(text, { timeoutMs: ANSWER_TIMEOUT_MS });
    const sources = reply.sources.map(({ title }) => title);
    return { causeId: reply.causeId, text: reply.text, sources, failure: null };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { causeId: undefined, text: null, sources: [], failure: error.problem ?? error.code };
  }
}
