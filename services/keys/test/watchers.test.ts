import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { InstanceEvidenceSchema } from "@cloister/contracts/keys/authority";
import { WatchRevocationsResponseSchema } from "@cloister/contracts/keys/release";
import { eventually } from "@cloister/testing";
import type { AttestedSession } from "../src/release/sessions.ts";
import { Watchers } from "../src/revocation/watchers.ts";

const signingPublicKey = new Uint8Array(32).fill(7);
/** What of a session a watch looks at. */
const sessionOf = (byte: number) =>
  ({
    sessionId: new Uint8Array(16).fill(byte),
    evidence: create(InstanceEvidenceSchema, { signingPublicKey }),
  }) as unknown as AttestedSession;
const revocation = create(WatchRevocationsResponseSchema, { revocationId: new Uint8Array(16) });
async function countOf(answers: AsyncIterable<unknown>): Promise<number> {
  const reader = answers[Symbol.asyncIterator]();
  let count = 0;
  while ((await reader.next()).done !== true) count++;
  return count;
}

const never = new AbortController().signal;

describe("watches of revocations", () => {
  it("are forgotten when their caller is gone, or their session has ended, though nobody took an answer", async () => {
    const watchers = new Watchers();
    watchers.open(sessionOf(1), 60_000, AbortSignal.abort());
    watchers.open(sessionOf(2), 1, never);
    await eventually(() => expect(watchers.listening.size).toBe(0));
  });

  it("are one for each session, the newest", async () => {
    const watchers = new Watchers();
    const streams = [1, 2, 3].map(() => watchers.open(sessionOf(1), 60_000, never));
    const counts = await Promise.all(streams.slice(0, 2).map(countOf));
    expect([counts, watchers.listening.size]).toEqual([[1, 1], 1]);
    watchers.close();
  });

  it("are cut off where more waits than a reader that takes nothing may have", () => {
    const watchers = new Watchers();
    watchers.open(sessionOf(1), 60_000, never);
    for (let count = 0; count < 3_000; count++) watchers.send(revocation);
    expect(watchers.listening.size).toBe(0);
  });
});
