import { liveChannel } from "@cloister/contracts/topics";
import type { KeySource } from "@cloister/keyring";
import type { Clock } from "@cloister/service";
import type { LiveFrames } from "@cloister/storage";
import type { Admitted } from "../admit.ts";
import { guardText, type ShownTexts } from "../guard/guard.ts";
import type { InferenceMetrics } from "../inference.metrics.ts";
import type { Beat } from "./beat.ts";
import { BeatingAnswer, type LiveAnswer } from "./live-answer.ts";
import { sealOpening, type Opening } from "./seal-opening.ts";

export interface LiveAnswersParts {
  readonly frames: LiveFrames;
  readonly beat: Beat;
  readonly keyring: KeySource;
  readonly clock: Clock;
  readonly metrics: InferenceMetrics;
}

/** Where a policy doesn't say. */
const defaultBeatMs = 50;

const silent: LiveAnswer = { say: () => undefined, end: () => undefined, cut: () => undefined };

/** Shows answers to whoever listens while they come: sealed, guarded, in cells of one size at a steady beat. */
export class LiveAnswers {
  readonly #parts: LiveAnswersParts;
  readonly #running = new Set<BeatingAnswer>();

  constructor(parts: LiveAnswersParts) {
    this.#parts = parts;
  }

  /** One attempt at an answer: each has a stream and a key of its own. Never throws. */
  async begin(question: Admitted, shown: ShownTexts, attempt: number): Promise<LiveAnswer> {
    const { frames, beat, metrics } = this.#parts;
    const { tenantId, conversationId, policy } = question.conversation;
    const beatMs = policy.liveBeatMs ?? defaultBeatMs;
    if (beatMs === 0) return silent;
    const channel = liveChannel(tenantId, conversationId);
    const answer: BeatingAnswer = await BeatingAnswer.begin({
      beat,
      beatMs,
      guard: (text) => guardText(text, shown).text.trimStart(),
      hasReaders: () => frames.hasListeners(channel),
      open: () => this.#open(question, attempt),
      publish: (event) => frames.publish(channel, event),
      onOver: (outcome, cells) => {
        this.#running.delete(answer);
        if (cells !== undefined) metrics.streamed(outcome, cells);
      },
    });
    this.#running.add(answer);
    return answer;
  }

  /** Breaks off what is still being shown: final replies don't wait for it. */
  close(): void {
    for (const answer of [...this.#running]) answer.stop();
  }

  async #open(question: Admitted, attempt: number): Promise<Opening> {
    const { keyring, clock } = this.#parts;
    // The readers of now: one may have been struck off since the question was fetched.
    const lease = await keyring.lease([], [question.conversation]);
    const conversation = lease.conversation(question.conversation);
    const by = { signer: keyring.signer, certificate: lease.certificateFor(conversation.tenantId) };
    return sealOpening({ ...question, conversation }, attempt, by, clock.nowMs());
  }
}
