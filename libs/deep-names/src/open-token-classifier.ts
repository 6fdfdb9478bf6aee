import { Tokenizer } from "@huggingface/tokenizers";
import { type NamesModelChoice, readNamesModel, unusable } from "./model-folder.ts";
import { openNetwork } from "./onnx-runtime.ts";
import { TokenClassifier, type TokenReader } from "./token-classifier.ts";

const leastRoom = 16;

/**
 * The classifier in a folder, tried once. Nothing is fetched from anywhere.
 * @throws PiiError BAD_MODEL when a file or the runtime is missing or malformed, or the files aren't those measured
 */
export async function openTokenClassifier({ folder, digestHex }: NamesModelChoice): Promise<TokenClassifier> {
  const files = await readNamesModel(folder);
  if (files.digestHex !== digestHex) throw unusable("its files changed since they were measured: start again");
  const tokens = openTokenizer(files.tokenizer, files.tokenizerConfig);
  const inference = await openNetwork(files.network, files.labels.length);
  if (files.windowTokens - tokens.before.length - tokens.after.length < leastRoom) {
    throw unusable("it reads too few tokens at once");
  }
  const { labels, windowTokens, unreadable } = files;
  const classifier = new TokenClassifier({
    inference,
    tokens,
    labels,
    windowTokens,
    ...(unreadable && { unreadable }),
  });
  await tryOut(classifier);
  return classifier;
}

/** @throws PiiError BAD_MODEL */
export function openTokenizer(tokenizer: object, config: object): TokenReader {
  try {
    const opened = new Tokenizer(tokenizer, config);
    const idsOf = (piece: string): number[] => opened.encode(piece, { add_special_tokens: false }).ids;
    const bare = idsOf(" a");
    const framed = opened.encode(" a").ids;
    const at = framed.findIndex((_, from) => bare.every((id, offset) => framed[from + offset] === id));
    if (bare.length === 0 || at < 0) throw new TypeError("no letter in the vocabulary");
    return { idsOf, before: framed.slice(0, at), after: framed.slice(at + bare.length) };
  } catch {
    throw unusable("tokenizer.json is not a tokenizer that @huggingface/tokenizers can open");
  }
}

async function tryOut(classifier: TokenClassifier): Promise<void> {
  try {
    await classifier.find("Ada met Bob.", new AbortController().signal);
  } catch (error) {
    throw error instanceof Error && "code" in error && error.code === "BAD_MODEL"
      ? error
      : unusable("it can't be run over a short sentence");
  }
}
