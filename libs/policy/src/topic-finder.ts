import { phraseWordsOf, wordsOf, type ForbiddenTopic } from "./topic-phrases.ts";

/** Finds the forbidden topic whose phrase is complete first in a text. */
export type TopicFinder = (text: string) => ForbiddenTopic | undefined;

/** Phrases as a tree of their words. */
interface Branch {
  readonly whole: Map<string, Branch>;
  readonly beginnings: Map<string, Branch>;
  /** Characters of the longest of `beginnings`. */
  longestBeginning: number;
  /** The topic whose phrase ends here. */
  topic?: ForbiddenTopic;
}

const newBranch = (): Branch => ({ whole: new Map(), beginnings: new Map(), longestBeginning: 0 });

/**
 * Builds the finder of a policy's topics. A phrase is found where its words stand in the text one after the other,
 * whatever stands between them that is no word. A text is read once; for each word at most as many steps are taken as
 * there are words in phrases, so that no text can make it slow.
 * @param read puts a text into the form that phrases are compared in, beyond what `wordsOf` does: letters of other
 * scripts that pass for Latin ones, for example. Phrases are read by it, too.
 */
export function topicFinder(
  topics: readonly ForbiddenTopic[],
  read: (text: string) => string = (text) => text,
): TopicFinder {
  const root = newBranch();
  for (const topic of topics) for (const phrase of topic.phrases) plant(root, topic, read(phrase));
  return (text) => {
    const words = topics.length === 0 ? [] : wordsOf(read(text));
    let begun: Branch[] = [];
    for (const word of words) {
      const next: Branch[] = [];
      for (const branch of begun) follow(branch, word, next);
      follow(root, word, next);
      const ended = next.find((branch) => branch.topic !== undefined);
      if (ended !== undefined) return ended.topic;
      begun = next;
    }
    return undefined;
  };
}

function plant(root: Branch, topic: ForbiddenTopic, phrase: string): void {
  let branch = root;
  for (const { text, isPrefix } of phraseWordsOf(phrase)) {
    const next = isPrefix ? branch.beginnings : branch.whole;
    const grown = next.get(text) ?? newBranch();
    next.set(text, grown);
    if (isPrefix) branch.longestBeginning = Math.max(branch.longestBeginning, text.length);
    branch = grown;
  }
  branch.topic ??= topic;
}

/** Adds the branches that a word leads to. */
function follow({ whole, beginnings, longestBeginning }: Branch, word: string, next: Branch[]): void {
  const same = whole.get(word);
  if (same !== undefined) next.push(same);
  for (let length = 1; length <= Math.min(word.length, longestBeginning); length++) {
    const begun = beginnings.get(word.slice(0, length));
    if (begun !== undefined) next.push(begun);
  }
}
