import { describe, expect, it } from "@jest/globals";
import { Stage } from "@cloister/envelope";
import type { SealedPassage } from "@cloister/retrieval";
import { SimulatedKeys } from "@cloister/testing/simulated-keys";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { openPassage, type Opening } from "../src/open-passages.ts";
import { vectorKeyOf } from "../src/scope.ts";
import { passage } from "./conversation-world.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const keys = new SimulatedKeys(new SimulatedTenant(nowMs), () => nowMs);
const { record } = keys.openConversation({ kind: "kb" });
const model = { name: "model-1", dimension: 3 };
const vector = { model: model.name, values: Uint8Array.of(127, 0, 129) };
const document = { documentId: "d", title: "About [PERSON_2]" };
const sealed = passage(keys, record, { text: "Ask [PERSON_1].", document, vector }, nowMs);

function opening(of: SealedPassage, rest: Partial<Opening> = {}): Opening {
  const { tenantId, conversationId, bucketEndMs } = of;
  const segment = { tenantId, conversationId, bucketEndMs, epoch: 0, revision: 1 };
  return { segment, origin: "knowledge", key: keys.key(vectorKeyOf(segment)), model, nowMs, ...rest };
}

describe("a passage that is opened", () => {
  it("has its vector, and its document's placeholders without their numbers", () => {
    expect(openPassage(sealed, opening(sealed))).toMatchObject({
      text: "Ask [PERSON].",
      title: "About [PERSON]",
      source: { documentId: "d" },
      vector: Int8Array.of(127, 0, -127),
    });
  });

  it("keeps the numbers where its own conversation asks", () => {
    const own = openPassage(sealed, opening(sealed, { origin: "own" }));
    expect(own).toMatchObject({ text: "Ask [PERSON_1].", source: undefined });
  });

  it.each([
    ["another model", { name: "model-2", dimension: 3 }],
    ["another dimension", { name: "model-1", dimension: 4 }],
  ])("has no vector that is of %s", (_, other) => {
    expect(openPassage(sealed, opening(sealed, { model: other }))?.vector).toBeUndefined();
  });

  it("is none under another key, in another conversation's segment, another tenant's or another bucket's", () => {
    const { record: stranger } = keys.openConversation({ kind: "kb" });
    const { segment, key } = opening(sealed);
    const others: Partial<Opening>[] = [
      { key: keys.key(vectorKeyOf({ ...segment, conversationId: stranger.conversationId })) },
      { segment: { ...segment, conversationId: stranger.conversationId }, key },
      { segment: { ...segment, tenantId: new Uint8Array(16) }, key },
      { segment: { ...segment, bucketEndMs: segment.bucketEndMs + 3_600_000 }, key },
    ];
    expect(others.map((other) => openPassage(sealed, opening(sealed, other)))).toEqual(others.map(() => undefined));
  });

  it("is none under the name of another message or document, which a store may give to what was replaced", () => {
    const other = passage(keys, record, { text: "Another one." }, nowMs);
    const relabelled = { ...sealed, causeId: other.causeId };
    expect(openPassage(relabelled, opening(relabelled))).toBeUndefined();
  });

  it("is none when the envelope is of another stage, or was touched", () => {
    const turn = passage(keys, record, { text: "A turn." }, nowMs, { stage: Stage.TURN });
    const touched = {
      ...sealed,
      envelope: Uint8Array.from(sealed.envelope, (byte, n) => (n === 300 ? byte ^ 1 : byte)),
    };
    expect([openPassage(turn, opening(turn)), openPassage(touched, opening(touched))]).toEqual([undefined, undefined]);
  });
});
