import { type DetectorOptions, PiiError, PlaceholderMemory, type RedactOptions } from "@cloister/pii";
import type { Policy } from "@cloister/policy";
import { type DetectedMessage, detectMessage } from "../detect-message.ts";
import { detectorOptionsOf } from "../detector-options.ts";
import type { Detectors } from "../detectors.ts";
import { RedactionError } from "../errors.ts";
import type { OpenedMessage } from "../open-message.ts";
import { type RedactedText, redactMessage, requireNoLeak } from "../redact-message.ts";
import type { TextThread } from "./text-thread.ts";

/** What our own detectors do with shorter texts takes some 20 ms at most, which is less than others would notice. */
const mostHere = 8_192;

const withoutDeepModel =
  "The policy asks for redaction of depth deep, and this service runs without that model: set CLOISTER_REDACTION_ONNX_MODEL to deep and install onnxruntime-node, or take the depth out of the policy.";

/**
 * Detects and replaces: short texts here, long ones in a thread beside, so that this one stays live for everybody. What
 * a tenant brings, patterns or a names model, reads in that thread too, whatever the length: its cost isn't ours to know.
 */
export class Redactor {
  readonly #detectors: Detectors;
  readonly #thread: TextThread;

  constructor(detectors: Detectors, thread: TextThread) {
    this.#detectors = detectors;
    this.#thread = thread;
  }

  /** @throws RedactionError REGULATED_DATA_BLOCKED for a policy that can't be applied, or not to this text */
  async detect(message: OpenedMessage, policy: Policy): Promise<DetectedMessage> {
    const options = detectorOptionsOf(policy);
    const depth = policy.redaction?.depth ?? "standard";
    if (!this.#thread.canRead(depth)) throw new RedactionError("REGULATED_DATA_BLOCKED", withoutDeepModel);
    const asksModel = this.#thread.asksModel(depth);
    const detector = this.#detectors.for(options);
    try {
      return isLong(message) || asksModel || options.patterns !== undefined
        ? await this.#detectThere(message, options, asksModel)
        : detectMessage(message, detector);
    } catch (error) {
      if (!(error instanceof PiiError) || !isOfText(error)) throw error;
      throw new RedactionError("REGULATED_DATA_BLOCKED", `The text can't be looked through. ${error.message}.`);
    }
  }

  /** @throws RedactionError REDACTION_LEAK */
  async redact(detected: DetectedMessage, memory: PlaceholderMemory, options: RedactOptions): Promise<RedactedText> {
    const { message, inText, inTitle } = detected;
    if (!isLong(message)) return redactMessage(detected, memory, options);
    const answer = await this.#thread.run({
      kind: "redact",
      found: { text: message.text, title: message.document?.title ?? "", inText, inTitle },
      entries: memory.entries(),
      counters: memory.counters(),
      options,
    });
    if (answer.kind !== "redacted") throw new TypeError("The thread for long texts gave another answer than asked.");
    return requireNoLeak(message, {
      ...answer,
      entries: answer.brought,
      memory: PlaceholderMemory.from(answer.entries, answer.counters),
    });
  }

  async #detectThere(message: OpenedMessage, options: DetectorOptions, asksModel: boolean): Promise<DetectedMessage> {
    const texts = [message.text, message.document?.title ?? ""];
    const answer = await this.#thread.run({ kind: "detect", texts, options, asksModel });
    if (answer.kind !== "detected") throw new TypeError("The thread for long texts gave another answer than asked.");
    const [inText = [], inTitle = []] = answer.spans;
    return { message, inText, inTitle };
  }
}

function isOfText({ code }: PiiError): boolean {
  return code === "TOO_MANY_MATCHES" || code === "TEXT_TOO_LONG";
}

function isLong({ text }: OpenedMessage): boolean {
  return text.length > mostHere;
}
