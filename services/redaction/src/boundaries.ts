import { normalize } from "@cloister/pii";
import { topicFinder, type Policy, type TopicFinder } from "@cloister/policy";
import type { DetectedMessage } from "./detect-message.ts";

/** Why the tenant's policy lets a message go no further, in words for whoever wrote it. */
export interface Refusal {
  readonly code: "TOPIC_FORBIDDEN" | "REGULATED_DATA_BLOCKED";
  readonly sentence: string;
}

/** What a policy lets nobody send: kinds of data that it blocks, and topics that it forbids in a chat. */
export class Boundaries {
  readonly #finders = new WeakMap<Policy["forbiddenTopics"], TopicFinder>();

  /** Undefined for a message within its policy's boundaries. A document may name what a chat may not be about. */
  refusalOf({ message, inText, inTitle }: DetectedMessage, policy: Policy): Refusal | undefined {
    const found = new Set<string>([...inText, ...inTitle].map(({ type }) => type));
    const blocked = policy.block.filter((type) => found.has(type));
    if (blocked.length > 0) return { code: "REGULATED_DATA_BLOCKED", sentence: blockedSentence(blocked) };
    const topic = message.document === undefined ? this.#finderOf(policy)(message.text) : undefined;
    return topic && { code: "TOPIC_FORBIDDEN", sentence: topic.sentence };
  }

  #finderOf({ forbiddenTopics }: Policy): TopicFinder {
    const known = this.#finders.get(forbiddenTopics);
    if (known !== undefined) return known;
    const finder = topicFinder(forbiddenTopics, (text) => normalize(text).text);
    this.#finders.set(forbiddenTopics, finder);
    return finder;
  }
}

function blockedSentence(kinds: readonly string[]): string {
  return `This chat may not be given data of this kind: ${kinds.join(", ")}. Nothing was passed on; send it without.`;
}
