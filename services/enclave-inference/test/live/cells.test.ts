import { fromBinary } from "@bufbuild/protobuf";
import { LiveEventSchema } from "@cloister/contracts/events";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  openEnvelope,
  parseConversationId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { roundedCellCount } from "../../src/live/cell-count.ts";
import { LiveStream } from "../../src/live/live-stream.ts";

const reader = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
const signer = createSigningKey(nodeBackend, nodeBackend.randomBytes(32));
const nowMs = Date.UTC(2026, 10, 22, 12);

/** A stream, the frames that left, and who reads them. */
function opened() {
  const { bytes, stream } = sealEnvelope(nodeBackend, {
    header: {
      suite: Suite.AES_256_GCM,
      messageId: uuidv7(nowMs, nodeBackend.randomBytes(10)),
      tenantId: parseTenantId(nodeBackend.randomBytes(16)),
      conversationId: parseConversationId(nodeBackend.randomBytes(16)),
      stage: Stage.STREAM,
      attempt: 0,
      senderSeq: 0,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 1,
      contentType: ContentType.STREAM_OPENING,
      policyVersion: 1,
    },
    payload: new Uint8Array(),
    recipients: [createKemPublicKey(nodeBackend, reader.publicKeyBytes)],
    signer,
    stream: true,
  });
  const verifier = createVerifyingKey(nodeBackend, signer.publicKeyBytes);
  const open = openEnvelope(nodeBackend, bytes, { keys: [reader], signer: verifier, nowMs, stream: true });
  const events: Uint8Array[] = [];
  const live = new LiveStream(stream, (event) => events.push(event));
  const texts = (): string[] => {
    const utf8 = new TextDecoder("utf-8", { fatal: true });
    return events.map((event) => {
      const { event: frame } = fromBinary(LiveEventSchema, event);
      return frame.case === "frame" ? utf8.decode(open.stream.open(frame.value).text) : "";
    });
  };
  return { live, events, texts };
}

function beatToTheEnd(live: LiveStream): number {
  let beats = 1;
  while (!live.beat()) beats += 1;
  return beats;
}

describe("a stream of cells", () => {
  it("sends a cell at every beat, whether there is text or not", () => {
    const { live, events, texts } = opened();
    live.beat();
    live.say("Five days.");
    live.beat();
    live.beat();
    expect(texts()).toEqual(["", "Five days.", ""]);
    expect(new Set(events.map(({ length }) => length)).size).toBeLessThanOrEqual(2);
  });

  it("cuts text between characters, each cell a text of its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 200, maxLength: 900 }), (text) => {
        const { live, texts } = opened();
        live.say(text);
        for (let bytes = 0; bytes < 8_000; bytes += 254) live.beat();
        live.whole();
        beatToTheEnd(live);
        expect(texts().join("")).toBe(text);
      }),
      { numRuns: 30 },
    );
  });

  it("is filled up to a rounded number of cells, the last of which is marked, whatever there is left to say", () => {
    const counts = [0, 7, 8, 17].map((beats) => {
      const { live, events } = opened();
      live.say("x".repeat(10_000));
      for (let n = 0; n < beats; n += 1) live.beat();
      live.whole();
      beatToTheEnd(live);
      return events.length;
    });
    expect(counts).toEqual([8, 8, 10, 20]);
  });

  it("looks the same for different words, token lengths and token times", () => {
    const sizes = [["x".repeat(900)], Array.from({ length: 90 }, () => "Zoë Zoë ")].map((tokens) => {
      const { live, events } = opened();
      for (const [n, token] of tokens.entries()) {
        live.say(token);
        if (n % 30 === 29) live.beat();
      }
      live.whole();
      beatToTheEnd(live);
      return events.map(({ length }) => length);
    });
    expect(sizes[0]).toEqual(sizes[1]);
  });
});

describe("the number of cells", () => {
  it("is at least as large, at most a quarter larger, and one of few", () => {
    for (let cells = 9; cells < 5_000; cells += 1) {
      const rounded = roundedCellCount(cells);
      expect(rounded).toBeGreaterThanOrEqual(cells);
      expect(rounded).toBeLessThanOrEqual(cells * 1.25);
      expect(roundedCellCount(rounded)).toBe(rounded);
    }
    expect(new Set(Array.from({ length: 4_096 }, (_, cells) => roundedCellCount(cells))).size).toBe(37);
  });
});
