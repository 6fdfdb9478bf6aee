import { fromBinary } from "@bufbuild/protobuf";
import { FrameSchema } from "@cloister/contracts/envelope";
import { type OpenedStream, openEnvelope, parseFrame, sealEnvelope, type StreamOpener } from "@cloister/envelope";
import { nodeBackend as backend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import { packCell, unpackCell } from "../src/cell.ts";
import { codeOf, filled, header, NOW_MS, party, utf8 } from "./fixtures.ts";

const reader = party(backend, 1);

function stream(overrides = {}): { frames: Uint8Array[]; opened: OpenedStream } {
  const request = { header: header(overrides), payload: utf8(""), recipients: [reader.wrap], stream: true } as const;
  const { bytes, stream: sealer } = sealEnvelope(backend, request);
  const frames = ["one", "two", "three"].map((text, i) => sealer.seal(utf8(text), i === 2));
  const opened = openEnvelope(backend, bytes, { keys: [reader.wrap], signer: "none", nowMs: NOW_MS, stream: true });
  return { frames, opened };
}

const [first, second, third] = [0, 1, 2];

/** What each of the frames, by index, gives in this order: its text or the error's code. */
function openAll(frames: readonly Uint8Array[], order: readonly number[], opener: StreamOpener): string[] {
  return order.map((i) => {
    let text = "";
    const code = codeOf(() => (text = new TextDecoder().decode(opener.open(frames[i] ?? filled(0, 0)).text)));
    return code === "no error" ? text : code;
  });
}

describe("a stream", () => {
  it.each([
    ["in order", [first, second, third], ["one", "two", "three"]],
    ["reordered", [second, first], ["OUT_OF_ORDER", "one"]],
    ["dropped", [first, third], ["one", "OUT_OF_ORDER"]],
    ["repeated", [first, first, second], ["one", "OUT_OF_ORDER", "two"]],
    ["after the final one", [first, second, third, third], ["one", "two", "three", "OUT_OF_ORDER"]],
  ])("answers frames %s", (_, order, expected) => {
    const { frames, opened } = stream();

    expect(openAll(frames, order, opened.stream)).toEqual(expected);
  });

  it("is truncated until its final frame came", () => {
    const { frames, opened } = stream();

    openAll(frames, [first, second], opened.stream);
    const before = codeOf(() => {
      opened.stream.end();
    });
    openAll(frames, [third], opened.stream);

    expect(before).toBe("TRUNCATED");
    expect(opened.stream.isEnded).toBe(true);
    expect(() => {
      opened.stream.end();
    }).not.toThrow();
  });

  it("refuses every frame with a flipped bit", () => {
    const { frames, opened } = stream();
    const frame = frames[0] ?? filled(0, 0);
    const codes = new Set<string>();
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = frame.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      codes.add(codeOf(() => opened.stream.open(changed)));
    }

    expect([...codes].sort()).toEqual(["AUTHENTICATION_FAILED", "MALFORMED"]);
  });

  it("refuses a changed number or end mark as not authentic", () => {
    const { frames, opened } = stream();
    const [tagAndId, sealed] = [frames[1]?.slice(0, 18), frames[1]?.slice(20)];
    const forged = [...(tagAndId ?? []), 0x10, 0x05, 0x18, 0x01, ...(sealed ?? [])];

    expect(codeOf(() => opened.stream.open(Uint8Array.from(forged)))).toBe("AUTHENTICATION_FAILED");
  });

  it("refuses a frame that is cut anywhere as malformed", () => {
    const { frames, opened } = stream();
    const frame = frames[1] ?? filled(0, 0);
    const codes = new Set(Array.from(frame, (_, n) => codeOf(() => opened.stream.open(frame.subarray(0, n)))));

    expect([...codes]).toEqual(["MALFORMED"]);
  });

  it("refuses the frames of another attempt with the same id", () => {
    const { opened } = stream();

    expect(openAll(stream({ attempt: 1 }).frames, [first], opened.stream)).toEqual(["AUTHENTICATION_FAILED"]);
  });

  it("makes every frame of a stream equally long but for its number and end mark", () => {
    const { frames } = stream();

    expect(frames.map(({ length }) => length)).toEqual([293, 295, 297]);
  });

  it("is read by the generated code", () => {
    const { frames } = stream();
    const frame = fromBinary(FrameSchema, frames[2] ?? filled(0, 0));

    expect([frame.streamId, frame.seq, frame.final, frame.ciphertext.length]).toEqual([
      header().messageId,
      2n,
      true,
      272,
    ]);
  });

  it("takes no frame after its final one, and no text that is longer than a cell", () => {
    const request = { header: header(), payload: utf8(""), recipients: [reader.wrap], stream: true } as const;
    const sealer = sealEnvelope(backend, request).stream;
    const tooLong = codeOf(() => sealer.seal(filled(255, 1)));
    sealer.seal(filled(254, 1), true);

    expect([tooLong, codeOf(() => sealer.seal(utf8("")))]).toEqual(["TOO_LARGE", "OUT_OF_ORDER"]);
  });

  it("has no key any more once it is destroyed", () => {
    const { frames, opened } = stream();

    opened.stream.destroy();

    expect(openAll(frames, [first], opened.stream)).toEqual(["KEY_DESTROYED"]);
  });

  it("has at most 2^20 frames", () => {
    const at = (...seq: number[]): Uint8Array =>
      Uint8Array.from([0x0a, 16, ...filled(16, 1), 0x10, ...seq, 0x22, 0x90, 0x02, ...filled(272, 2)]);

    expect(parseFrame(at(0xff, 0xff, 0x3f)).seq).toBe(2 ** 20 - 1);
    expect(codeOf(() => parseFrame(at(0x80, 0x80, 0x40)))).toBe("MALFORMED");
  });
});

describe("a cell", () => {
  it("holds a length, the text and zeros, and is refused otherwise", () => {
    const cell = packCell(utf8("hello"));
    const tooLong = cell.slice();
    tooLong[1] = 255;
    const dirty = cell.slice();
    dirty[200] = 1;

    expect(unpackCell(cell)).toEqual(utf8("hello"));
    expect([tooLong, dirty, cell.subarray(1)].map((bad) => codeOf(() => unpackCell(bad)))).toEqual(
      Array(3).fill("MALFORMED"),
    );
  });
});
