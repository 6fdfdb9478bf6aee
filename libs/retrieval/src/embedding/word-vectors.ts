/** Word vectors as they are shipped: words in the order of their frequency, their vectors with 8 bits a number. */
export interface WordVectors {
  readonly words: readonly string[];
  readonly dimension: number;
  /** By which a word's numbers are multiplied; as many as there are words. */
  readonly scales: Float32Array;
  /** `words.length × dimension`, row after row. */
  readonly values: Int8Array;
}

const format = "cloister/v1 word vectors";
const lengthBytes = 4;
const rowAlignment = 4;

/**
 * The artefact: `uint32 length ‖ JSON {format, words, dimension, wordBytes} ‖ words, a line each, then spaces ‖
 * scales (float32) ‖ values (int8)`, little-endian. Each row is scaled so that its largest number becomes ±127.
 */
export function packWordVectors(input: {
  readonly words: readonly string[];
  readonly dimension: number;
  /** `words.length × dimension` */
  readonly vectors: Float32Array;
}): Uint8Array {
  const { words, dimension, vectors } = input;
  const lines = Buffer.from(words.join("\n"));
  const header = Buffer.from(JSON.stringify({ format, words: words.length, dimension, wordBytes: lines.length }));
  const padding = Buffer.alloc(-(lengthBytes + header.length + lines.length) & (rowAlignment - 1), " ");
  const scales = new Float32Array(words.length);
  const values = new Int8Array(words.length * dimension);
  for (let row = 0; row < words.length; row++) {
    const from = vectors.subarray(row * dimension, (row + 1) * dimension);
    const scale = from.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    scales[row] = scale;
    if (scale > 0)
      values.set(
        Int8Array.from(from, (value) => Math.round(value / scale)),
        row * dimension,
      );
  }
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, lines, padding, Buffer.from(scales.buffer), Buffer.from(values.buffer)]);
}

/** What `packWordVectors` made. Throws a RangeError when the bytes have another length than they say. */
export function unpackWordVectors(bytes: Uint8Array): WordVectors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = lengthBytes + view.getUint32(0, true);
  const text = new TextDecoder();
  // Made by `packWordVectors`: the caller has compared its digest with the one that the code names.
  const header = JSON.parse(text.decode(bytes.subarray(lengthBytes, headerEnd))) as {
    readonly words: number;
    readonly dimension: number;
    readonly wordBytes: number;
  };
  const { dimension, wordBytes } = header;
  const words = text.decode(bytes.subarray(headerEnd, headerEnd + wordBytes)).split("\n");
  const scalesAt = Math.ceil((headerEnd + wordBytes) / rowAlignment) * rowAlignment;
  const valuesAt = scalesAt + words.length * Float32Array.BYTES_PER_ELEMENT;
  if (words.length !== header.words || bytes.length !== valuesAt + words.length * dimension) {
    throw new RangeError("The word vectors are cut or longer than they say.");
  }
  const scales = Float32Array.from(words, (_, row) => view.getFloat32(scalesAt + row * 4, true));
  return { words, dimension, scales, values: new Int8Array(bytes.subarray(valuesAt)) };
}
