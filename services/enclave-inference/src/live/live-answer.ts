import type { Beat } from "./beat.ts";
import { HeldBackText } from "./held-back-text.ts";
import { LiveStream } from "./live-stream.ts";
import type { Opening } from "./seal-opening.ts";

/** One attempt at an answer, as its readers watch it come. Best effort: nothing of it fails the answer. */
export interface LiveAnswer {
  /** A piece of the model's answer, as it came. */
  say(text: string): void;
  /** The whole answer, as it will stand in the final reply. The cells that are left go on by themselves. */
  end(finalText: string): void;
  /** There will be no such answer: the stream breaks off without its final cell. After `end` it changes nothing. */
  cut(): void;
}

export interface LiveAnswerParts {
  readonly beat: Beat;
  readonly beatMs: number;
  /** What may leave the enclave of a text. */
  readonly guard: (text: string) => string;
  readonly hasReaders: () => Promise<boolean>;
  /** Undefined if there can be no stream. */
  readonly open: () => Promise<Opening | undefined>;
  /** Is given serialized LiveEvents. */
  readonly publish: (event: Uint8Array) => void;
  /** Called once, with the number of cells sent; undefined if no stream was opened. */
  readonly onOver: (outcome: "complete" | "cut", cells: number | undefined) => void;
}

/** Opens a stream as soon as somebody listens, then sends a cell at every beat until the answer is told and rounded. */
export class BeatingAnswer implements LiveAnswer {
  readonly #parts: LiveAnswerParts;
  readonly #text: HeldBackText;
  /** What was released before anybody listened. */
  #unheard = "";
  #stream: LiveStream | undefined;
  #isOpening = false;
  #isEnded = false;
  #isOver = false;
  #stopBeat: () => void = () => undefined;

  private constructor(parts: LiveAnswerParts) {
    this.#parts = parts;
    this.#text = new HeldBackText(parts.guard);
  }

  /** Resolves when the stream is open, or nobody listens yet. */
  static async begin(parts: LiveAnswerParts): Promise<BeatingAnswer> {
    const answer = new BeatingAnswer(parts);
    await answer.#openIfHeard();
    answer.#stopBeat = parts.beat.every(parts.beatMs, () => answer.#onBeat());
    return answer;
  }

  say(text: string): void {
    this.#text.push(text);
  }

  end(finalText: string): void {
    if (this.#isEnded || this.#isOver) return;
    this.#isEnded = true;
    this.#give(this.#text.finish(finalText));
    if (this.#stream === undefined) this.#finish("complete");
    else this.#stream.whole();
  }

  cut(): void {
    if (!this.#isEnded) this.stop();
  }

  /** Breaks off, whatever is left to say. */
  stop(): void {
    this.#finish("cut");
  }

  #onBeat(): void {
    if (this.#stream === undefined) void this.#openIfHeard();
    else this.#sendCell(this.#stream);
    if (this.#isOver) return;
    // After the cell: what the guard takes of this beat is then no trace of when the model spoke.
    if (!this.#isEnded) this.#give(this.#text.release());
  }

  #sendCell(stream: LiveStream): void {
    try {
      if (stream.beat()) this.#finish("complete");
    } catch {
      // A stream holds 2^20 cells. What goes wrong in a timer would end the process.
      this.stop();
    }
  }

  #give(text: string): void {
    if (this.#stream === undefined) this.#unheard += text;
    else this.#stream.say(text);
  }

  async #openIfHeard(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    const isHeard = await this.#parts.hasReaders().catch(() => false);
    const opening = isHeard ? await this.#parts.open().catch(() => undefined) : undefined;
    // Once is enough to try: what fails here fails for the final reply, too, and is told there.
    this.#isOpening = isHeard;
    if (opening === undefined) return;
    if (this.#isEnded || this.#isOver) {
      opening.sealer.destroy();
      return;
    }
    const stream = new LiveStream(opening.sealer, this.#parts.publish);
    this.#parts.publish(opening.event);
    stream.say(this.#unheard);
    this.#unheard = "";
    this.#stream = stream;
  }

  #finish(outcome: "complete" | "cut"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopBeat();
    this.#stream?.destroy();
    this.#unheard = "";
    this.#parts.onOver(outcome, this.#stream?.cells);
  }
}
