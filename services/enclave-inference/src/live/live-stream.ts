import { create, toBinary } from "@bufbuild/protobuf";
import { LiveEventSchema } from "@cloister/contracts/events";
import { CELL_TEXT_BYTES, type StreamSealer } from "@cloister/envelope";
import { roundedCellCount } from "./cell-count.ts";

/** Seals the cells of one stream in order. */
export type CellSealer = Pick<StreamSealer, "seal" | "destroy">;

/**
 * One stream of sealed cells: the next one at each beat, with text if there is any. How many there are depends on how long
 * the answer took and not on what it says: text that is left when the number is full stands in the reply alone.
 */
export class LiveStream {
  readonly #sealer: CellSealer;
  readonly #publish: (event: Uint8Array) => void;
  readonly #cell = new Uint8Array(CELL_TEXT_BYTES);
  #text = "";
  #cells = 0;
  #isWhole = false;

  /** @param publish is given serialized LiveEvents */
  constructor(sealer: CellSealer, publish: (event: Uint8Array) => void) {
    this.#sealer = sealer;
    this.#publish = publish;
  }

  /** Cells sent, idle ones included. */
  get cells(): number {
    return this.#cells;
  }

  say(text: string): void {
    this.#text += text;
  }

  /** The answer is whole: the number of cells is rounded, and that is it. */
  whole(): void {
    this.#isWhole = true;
  }

  /** Sends a cell. True if it was the last. */
  beat(): boolean {
    const { read, written } = new TextEncoder().encodeInto(this.#text, this.#cell);
    this.#text = this.#text.slice(read);
    this.#cells += 1;
    const isLast = this.#isWhole && roundedCellCount(this.#cells) === this.#cells;
    const frame = this.#sealer.seal(this.#cell.subarray(0, written), isLast);
    this.#cell.fill(0);
    this.#publish(toBinary(LiveEventSchema, create(LiveEventSchema, { event: { case: "frame", value: frame } })));
    return isLast;
  }

  /** Forgets key and text; the stream then lacks its final cell. */
  destroy(): void {
    this.#sealer.destroy();
    this.#text = "";
  }
}
