import type { AeadKey, EnvelopeBackend } from "./backend.ts";
import { concat, isSame, plain, uint64 } from "./bytes.ts";
import { CELL_BYTES, packCell, unpackCell } from "./cell.ts";
import { EnvelopeError } from "./errors.ts";
import type { Header } from "./header.ts";
import { ID_BYTES, MAX_FRAMES_PER_STREAM, TAG_BYTES } from "./limits.ts";
import type { StreamKeys } from "./message-keys.ts";
import { CanonicalReader } from "./wire/canonical-reader.ts";
import { CanonicalWriter, fieldBytes, varintBytes } from "./wire/canonical-writer.ts";

/** What the opening envelope gives its frames. */
export interface StreamContext extends StreamKeys {
  readonly header: Header;
  readonly protectedHash: Uint8Array;
  readonly commitment: Uint8Array;
}

const FRAME_CIPHERTEXT_BYTES = CELL_BYTES + TAG_BYTES;

/** Both ends of a stream: its key, and what each frame is bound to. */
class StreamKey {
  readonly #context: StreamContext;
  #key: AeadKey | undefined;

  constructor(backend: EnvelopeBackend, context: StreamContext) {
    this.#key = backend.aeadKey(context.key);
    context.key.fill(0);
    this.#context = context;
  }

  get streamId(): Uint8Array {
    return this.#context.header.messageId;
  }

  seal(seq: number, isFinal: boolean, cell: Uint8Array, into: Uint8Array): void {
    this.#liveKey().seal(this.#context.header.suite, this.#nonce(seq), this.#aad(seq, isFinal), cell, into);
  }

  open(seq: number, isFinal: boolean, sealed: Uint8Array): Uint8Array | undefined {
    return this.#liveKey().open(this.#context.header.suite, this.#nonce(seq), this.#aad(seq, isFinal), sealed);
  }

  destroy(): void {
    this.#key?.destroy();
    this.#key = undefined;
  }

  #liveKey(): AeadKey {
    if (this.#key) return this.#key;
    throw new EnvelopeError("KEY_DESTROYED", "The stream's key was destroyed.");
  }

  #nonce(seq: number): Uint8Array {
    return concat(this.#context.noncePrefix, uint64(seq));
  }

  #aad(seq: number, isFinal: boolean): Uint8Array {
    return concat(this.#context.protectedHash, this.#context.commitment, uint64(seq), Uint8Array.of(isFinal ? 1 : 0));
  }
}

/** Seals the cells of one stream in order. */
export class StreamSealer {
  readonly #key: StreamKey;
  #nextSeq = 0;
  #isEnded = false;

  constructor(backend: EnvelopeBackend, context: StreamContext) {
    this.#key = new StreamKey(backend, context);
  }

  /**
   * The next serialized frame, with up to 254 bytes of text; an empty text makes an idle cell that looks like the others.
   * @throws TOO_LARGE for more text, or after 2^20 frames; OUT_OF_ORDER after the final one
   */
  seal(text: Uint8Array, isFinal = false): Uint8Array {
    if (this.#isEnded) throw new EnvelopeError("OUT_OF_ORDER", "The stream has ended; a retry is a new attempt.");
    const seq = this.#nextSeq;
    if (seq >= MAX_FRAMES_PER_STREAM) throw new EnvelopeError("TOO_LARGE", "The stream has 2^20 frames already.");
    const cell = packCell(text);
    this.#nextSeq++;
    const size =
      fieldBytes(ID_BYTES) +
      (seq > 0 ? 1 + varintBytes(seq) : 0) +
      (isFinal ? 2 : 0) +
      fieldBytes(FRAME_CIPHERTEXT_BYTES);
    const writer = new CanonicalWriter(size);
    writer.bytes(1, this.#key.streamId);
    writer.uint(2, seq);
    writer.uint(3, isFinal ? 1 : 0);
    this.#key.seal(seq, isFinal, cell, writer.reserve(4, FRAME_CIPHERTEXT_BYTES));
    cell.fill(0);
    if (isFinal) this.destroy();
    return writer.target;
  }

  /** Forgets the key; no frame can follow. */
  destroy(): void {
    this.#isEnded = true;
    this.#key.destroy();
  }
}

/** Opens the frames of one stream, which must come in order and without a gap. */
export class StreamOpener {
  readonly #key: StreamKey;
  #nextSeq = 0;
  #isEnded = false;

  constructor(backend: EnvelopeBackend, context: StreamContext) {
    this.#key = new StreamKey(backend, context);
  }

  /** Whether the final frame was opened. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * The text of the next frame, empty for an idle cell. A frame that is refused changes nothing.
   * @throws MALFORMED, AUTHENTICATION_FAILED (changed, or of another stream), or OUT_OF_ORDER for a genuine frame that
   * is not the next one
   */
  open(frame: Uint8Array): { readonly text: Uint8Array; readonly isFinal: boolean } {
    const { streamId, seq, isFinal, ciphertext } = parseFrame(frame);
    if (this.#isEnded) throw new EnvelopeError("OUT_OF_ORDER", "A frame came after the stream's final one.");
    const isOurs = isSame(streamId, this.#key.streamId);
    const cell = isOurs ? this.#key.open(seq, isFinal, ciphertext) : undefined;
    if (!cell) throw new EnvelopeError("AUTHENTICATION_FAILED", "The frame was changed, or belongs to another stream.");
    if (seq !== this.#nextSeq) throw new EnvelopeError("OUT_OF_ORDER", "A frame was lost, repeated or overtaken.");
    const text = unpackCell(cell);
    this.#nextSeq++;
    if (isFinal) {
      this.#isEnded = true;
      this.destroy();
    }
    return { text, isFinal };
  }

  /** To be called when no more frames come. @throws TRUNCATED when the final one is missing */
  end(): void {
    if (!this.#isEnded) throw new EnvelopeError("TRUNCATED", "The stream stopped before its final frame.");
  }

  /** Forgets the key. The stream then counts as ended only if its final frame was opened. */
  destroy(): void {
    this.#key.destroy();
  }
}

/** A frame of the right form, unauthenticated. @throws MALFORMED */
export function parseFrame(bytes: Uint8Array): {
  readonly streamId: Uint8Array;
  readonly seq: number;
  readonly isFinal: boolean;
  readonly ciphertext: Uint8Array;
} {
  const reader = new CanonicalReader(plain(bytes));
  const streamId = reader.fixed(1, ID_BYTES);
  const seq = reader.uint(2);
  const final = reader.uint(3);
  const ciphertext = reader.fixed(4, FRAME_CIPHERTEXT_BYTES);
  reader.end();
  if (seq >= MAX_FRAMES_PER_STREAM || final > 1)
    throw new EnvelopeError("MALFORMED", "A frame's number or end mark is impossible.");
  return { streamId, seq, isFinal: final === 1, ciphertext };
}
