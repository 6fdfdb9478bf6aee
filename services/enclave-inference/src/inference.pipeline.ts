import { setImmediate } from "node:timers/promises";
import { bucketEnd, conversationText } from "@cloister/keyring";
import { flowKeyOf, openRedacted } from "@cloister/keyring/consuming";
import {
  done,
  MessagingError,
  type ConsumedBatch,
  type ConsumedRecord,
  type Failed,
  type RecordResult,
} from "@cloister/messaging";
import { sealedReplyRecord } from "@cloister/messaging/sealed-events";
import type { Clock } from "@cloister/service";
import type { PartitionKeeper } from "@cloister/storage";
import pLimit from "p-limit";
import { admit, type Admitted } from "./admit.ts";
import { answer } from "./answer.ts";
import { failureOf } from "./classify.ts";
import { contextsOf, type ContextPorts, type ConversationContext } from "./context.ts";
import { guardAnswer } from "./guard/guard.ts";
import { guardSources } from "./guard/sources.ts";
import type { InferenceMetrics } from "./inference.metrics.ts";
import type { LiveAnswers } from "./live/live-answers.ts";
import type { ModelAnswer, ModelRuntime } from "./model/model-runtime.ts";
import { retrieve } from "./retrieve.ts";
import { sealReply, type ReplyContent } from "./seal-reply.ts";
import { sealTurn } from "./seal-turn.ts";
import type { InferenceTables, TurnRow } from "./tables.ts";
import { turnName, type RecalledTurn } from "./turn-cache.ts";

export type InferenceResult = RecordResult<InferenceTables, TurnRow>;

export interface InferenceSteps extends ContextPorts {
  readonly turnPartitions: PartitionKeeper;
  readonly runtime: ModelRuntime;
  /** Shows answers while they come. */
  readonly live: Pick<LiveAnswers, "begin">;
  readonly clock: Clock;
  readonly metrics: InferenceMetrics;
  /** Fires when the service can't wait for a model any longer. */
  readonly stopping: AbortSignal;
  /** So many questions are before the model at once. */
  readonly maxConcurrentAnswers: number;
}

const nothingKnown: ConversationContext = { turns: [], passages: [], stored: [] };

/** A question at its place in the batch. */
interface Question extends Admitted {
  readonly consumed: ConsumedRecord;
  readonly position: number;
}

/**
 * open → admit → recall → retrieve → answer, shown as it comes → guard → reply, and the turn into the conversation's
 * sealed log.
 */
export class InferencePipeline {
  readonly #steps: InferenceSteps;
  readonly #limit: ReturnType<typeof pLimit>;

  constructor(steps: InferenceSteps) {
    this.#steps = steps;
    this.#limit = pLimit(steps.maxConcurrentAnswers);
  }

  /** Answers are to come; everything before them is done for all at once. */
  async run(batch: ConsumedBatch): Promise<(InferenceResult | Promise<InferenceResult>)[]> {
    const { results, questions } = await this.#openAndAdmit(batch.records);
    const byConversation = Map.groupBy(questions, ({ conversation }) => conversationText(conversation));
    const conversations = [...byConversation.values()];
    const contexts = await this.#recallAndRetrieve(conversations);
    const all: (InferenceResult | Promise<InferenceResult>)[] = results;
    for (const [n, asked] of conversations.entries()) {
      const answered = this.#limit(() => this.#converse(asked, contexts[n] ?? nothingKnown));
      for (const [k, { position }] of asked.entries()) {
        all[position] = answered.then((answers) => required(answers[k]));
      }
    }
    return all;
  }

  /** Results stand for what needs no answer; the places of questions are filled later. */
  async #openAndAdmit(records: readonly ConsumedRecord[]) {
    const { keyring, clock } = this.#steps;
    const lease = await keyring.lease(records.map(({ record }) => flowKeyOf(record)));
    const questions: Question[] = [];
    const results = records.map((consumed, position): InferenceResult => {
      try {
        const admitted = admit(openRedacted(consumed.record, lease, clock.nowMs()), lease);
        if (admitted !== undefined) questions.push({ ...admitted, consumed, position });
        return done([]);
      } catch (error) {
        return failureOf(error);
      }
    });
    return { results, questions };
  }

  async #recallAndRetrieve(conversations: readonly (readonly Question[])[]): Promise<ConversationContext[]> {
    const records = conversations.flatMap(([first]) => first?.conversation ?? []);
    return contextsOf(records, this.#steps, this.#steps.clock.nowMs());
  }

  /** The questions of one conversation, one after the other: each answer is a turn for the next. */
  async #converse(questions: readonly Question[], context: ConversationContext): Promise<InferenceResult[]> {
    const results: InferenceResult[] = [];
    let turns = context.turns;
    let stopped: Failed | undefined;
    for (const question of questions) {
      try {
        if (stopped !== undefined) {
          results.push(stopped);
          continue;
        }
        const refused = refusedAnswer(question.message);
        const reply = refused ?? (await this.#answerAndGuard(question, { ...context, turns }));
        results.push(await this.#seal(question, reply));
        if (refused === undefined) turns = nextTurns(turns, question, reply);
      } catch (error) {
        const failed = failureOf(error);
        results.push(failed);
        // What comes after one that waits will wait behind it: no model is asked in vain.
        if (failed.failure.kind !== "poison") stopped = failed;
      }
    }
    return results;
  }

  async #answerAndGuard(question: Question, context: ConversationContext): Promise<ModelAnswer> {
    const { turns } = context;
    const { runtime, clock, embedder, metrics, stopping } = this.#steps;
    const { message } = question;
    const asked = { text: message.text, causeId: message.causeId };
    const retrieved = await retrieve(asked, context, embedder);
    const own = retrieved.filter((passage) => passage.isOwn).map(({ text }) => text);
    const others = retrieved
      .filter((passage) => !passage.isOwn)
      .flatMap(({ text, source }) => [text, source?.title ?? ""]);
    const said = turns.flatMap((turn) => [turn.question, turn.answer]);
    const shown = { own: [message.text, ...said, ...own], others };
    const startedAtMs = clock.monotonicMs();
    const request = { question: message.text, turns, passages: retrieved };
    const watch = (attempt: number) => this.#steps.live.begin(question, shown, attempt);
    const guard = (text: string) => guardAnswer(text, shown);
    const { given, guarded } = await answer(runtime, request, { watch, guard }, stopping);
    metrics.answered((clock.monotonicMs() - startedAtMs) / 1000);
    metrics.guarded(guarded.findings);
    return { ...given, text: guarded.text, sources: guardSources(given.sources) };
  }

  async #seal(question: Question, reply: ReplyContent): Promise<InferenceResult> {
    const { keyring, clock, turnPartitions, turnCache } = this.#steps;
    const { message, conversation, consumed } = question;
    const { tenantId, conversationId, createdAtMs } = message.header;
    const bucketEndMs = bucketEnd(conversation, "log", createdAtMs);
    const isKept = conversation.policy.history && reply.refusalCode === undefined && bucketEndMs > clock.nowMs();
    const logKey = { tenantId, conversationId, purpose: "log" as const, bucketEndMs };
    // What is answered at the same time is sealed in one go: the ciphers' code is in the processor's caches then.
    await setImmediate();
    // Only now: the model may have taken longer than a lease. Its readers are those of now, too: one may have been
    // struck off meanwhile, and an erased conversation has none.
    const lease = await keyring.lease(isKept ? [logKey] : [], [conversation]);
    const readers = { message, conversation: lease.conversation(conversation) };
    const output = sealedReplyRecord({
      conversationId,
      envelope: sealReply(readers, reply, keyring.signer, clock.nowMs()),
      signerCertificate: lease.certificateFor(tenantId),
      bucketEndMs: consumed.record.bucketEndMs,
    });
    if (!isKept) return done([output]);
    await turnPartitions.ensure([bucketEndMs]);
    const key = lease.sealingKey(logKey);
    const { row, turn } = sealTurn(question, reply.text, bucketEndMs, key);
    // Before it is written: it is shown for this very envelope alone, once the database has it.
    turnCache.put(turnName(logKey, row.envelope), { turn, key, bucketEndMs });
    return done([output], { write: { ...row, log_offset: consumed.record.offset } });
  }
}

/** What the tenant's policy refused is answered with its sentence; no model is asked, and no turn remembers it. */
function refusedAnswer({ refusal }: Admitted["message"]): ReplyContent | undefined {
  return refusal && { text: refusal.sentence, sources: [], model: "policy", refusalCode: refusal.code };
}

function nextTurns(turns: readonly RecalledTurn[], { message, conversation }: Question, { text }: ModelAnswer) {
  if (!conversation.policy.history) return turns;
  return [...turns, { question: message.text, answer: text, causeId: message.causeId }];
}

/** A question without a result is not to be taken for one that needs none. */
function required(result: InferenceResult | undefined): InferenceResult {
  if (result === undefined) throw new MessagingError("CONSUMER_FATAL", "a question was neither answered nor refused");
  return result;
}
