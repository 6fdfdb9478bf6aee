import { describe, expect, it } from "@jest/globals";
import { nodeBackend } from "@cloister/envelope/node";
import fc from "fast-check";

import { base64ToBytes, bytesToBase64 } from "../src/encoding.ts";
import { readProblem } from "../src/problem.ts";
import { ReplyKeys } from "../src/reply-keys.ts";
import { pauseMs } from "../src/retry.ts";
import { SeenReplies } from "../src/seen-replies.ts";

describe("base64 without Node", () => {
  it("gives back every byte", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(base64ToBytes(bytesToBase64(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it("is undefined for what is no base64", () => {
    expect(base64ToBytes("{not base64}")).toBeUndefined();
  });
});

describe("the pause before another attempt", () => {
  it("doubles, and stays between half the longest and the longest", () => {
    const policy = { attempts: 9, firstPauseMs: 100, longestPauseMs: 1_000 };
    expect([1, 2, 3, 8].map((attempt) => pauseMs(policy, attempt, 0))).toEqual([50, 100, 200, 500]);
    expect([1, 2, 3, 8].map((attempt) => pauseMs(policy, attempt, 1))).toEqual([100, 200, 400, 1_000]);
  });
});

describe("the pause that a service asks for", () => {
  it("is kept up to the longest, and some more so that clients don't come in step", () => {
    const policy = { attempts: 9, firstPauseMs: 100, longestPauseMs: 1_000 };
    expect([0, 300, 60_000].map((askedMs) => pauseMs(policy, 1, 0.5, askedMs))).toEqual([75, 337.5, 1_125]);
  });
});

describe("a refusal's document", () => {
  it.each([
    ["is read", '{"code":"ID_REUSED","detail":"d"}', "ID_REUSED"],
    ["is replaced by the status when it is no JSON", "<html>", "HTTP_400"],
    ["is replaced by the status when it is no object", "null", "HTTP_400"],
    ["is replaced by the status when its code is no text", '{"code":5}', "HTTP_400"],
  ])("%s", (_what, body, code) => {
    const answer = new Response(body, { status: 400 });
    expect(readProblem(answer, new TextEncoder().encode(body))).toMatchObject({ code });
  });
});

describe("reply keys", () => {
  const seedsHex = (keys: ReplyKeys) => JSON.stringify(keys.exportSeeds());

  it("name the same next key until the renewal was answered, and open what is sealed to it already", () => {
    const keys = ReplyKeys.generate(nodeBackend);
    const next = keys.prepareNext();
    expect(keys.prepareNext()).toBe(next);
    expect(keys.opening(0).map(({ publicKeyBytes }) => publicKeyBytes)).toContain(next);
  });

  it("forget a former key when nothing sealed to it can be read any more", () => {
    const keys = ReplyKeys.generate(nodeBackend);
    const first = keys.publicKeyBytes;
    keys.prepareNext();
    keys.rotate(1_000);
    const atMs = (nowMs: number) => keys.opening(nowMs).some(({ publicKeyBytes }) => publicKeyBytes === first);
    expect([atMs(999), atMs(1_000), keys.exportSeeds().former]).toEqual([true, false, []]);
  });

  it("come back from their seeds", () => {
    const keys = ReplyKeys.generate(nodeBackend);
    keys.prepareNext();
    keys.rotate(1_000);
    keys.prepareNext();
    expect(seedsHex(new ReplyKeys(nodeBackend, keys.exportSeeds()))).toBe(seedsHex(keys));
  });
});

describe("replies that were shown", () => {
  it("are repetitions under another event only", () => {
    const seen = new SeenReplies();
    const answers = [seen.isRepetition("a", "1"), seen.isRepetition("a", "1"), seen.isRepetition("a", "2")];
    expect(answers).toEqual([false, false, true]);
  });

  it("are remembered up to a bound, the oldest forgotten first", () => {
    const seen = new SeenReplies();
    for (let n = 0; n < 2_000; n++) seen.isRepetition(`reply ${n}`, String(n));
    expect([seen.entries().length, seen.isRepetition("reply 1999", "x"), seen.isRepetition("reply 0", "x")]).toEqual([
      1_024,
      true,
      false,
    ]);
  });
});
