import { afterAll, describe, expect, it } from "@jest/globals";
import { PlaceholderMemory } from "@cloister/pii";
import type { Policy } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { Detectors } from "../src/detectors.ts";
import { Redactor } from "../src/text-work/redactor.ts";
import { TextThread } from "../src/text-work/text-thread.ts";
import { messageOf } from "./opened-message.ts";

const base = new SimulatedTenant(Date.UTC(2026, 10, 22, 12)).policy;
const policy: Policy = {
  ...base,
  block: [],
  redact: ["EMAIL_ADDRESS", "DATE_TIME"],
  redaction: { actions: { DATE_TIME: "generalize" } },
};
const options = { expiresAtMs: Date.UTC(2026, 10, 29), actions: policy.redaction?.actions ?? {} };
const thread = new TextThread();
const redactor = new Redactor(new Detectors(), thread);
const long = `Write to zoe@example.org before 7 July 1977. ${"All is well here. ".repeat(2_000)}Ask max@example.org.`;

async function redacted(text: string, by: Policy = policy) {
  const detected = await redactor.detect(messageOf(text), by);
  return redactor.redact(detected, PlaceholderMemory.empty(), options);
}

afterAll(() => thread.close());

describe("redaction of long texts in a thread beside", () => {
  it("writes and remembers what it would for a short one", async () => {
    const { text, entries, memory } = await redacted(long);
    expect([text.slice(0, 45), text.slice(-27)]).toEqual([
      "Write to [EMAIL_ADDRESS_1] before 1977. All i",
      "ere. Ask [EMAIL_ADDRESS_2].",
    ]);
    expect(entries.map(({ placeholder, isWithheld }) => [placeholder, isWithheld])).toEqual([
      ["[EMAIL_ADDRESS_1]", undefined],
      ["[DATE_TIME_1]", true],
      ["[EMAIL_ADDRESS_2]", undefined],
    ]);
    expect(memory.entries()).toEqual(entries);
  });

  it("answers several texts, each with its own", async () => {
    const texts = [1, 2, 3].map((n) => `${long} and user${n}@example.org`);
    const answers = await Promise.all(texts.map((text) => redacted(text)));
    expect(answers.map(({ entries }) => entries.at(-1)?.value)).toEqual([
      "user1@example.org",
      "user2@example.org",
      "user3@example.org",
    ]);
  });

  it("leaves this thread free", async () => {
    let turns = 0;
    const beat = setInterval(() => turns++, 1);
    await redacted(long.repeat(4));
    clearInterval(beat);
    expect(turns).toBeGreaterThan(3);
  });

  it("refuses a text in which a pattern matches too often", async () => {
    const dense = { ...policy, redaction: { patterns: [{ name: "DENSE", pattern: "a{1,100}b|a" }] } };
    const refused = redactor.detect(messageOf("a".repeat(100_000)), dense);
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: "REGULATED_DATA_BLOCKED" }));
  });

  it("takes in a short text what a tenant's patterns read, and nothing of a short one without", async () => {
    const jobs: string[] = [];
    class WatchedThread extends TextThread {
      override run(job: Parameters<TextThread["run"]>[0]): ReturnType<TextThread["run"]> {
        jobs.push(job.kind);
        return super.run(job);
      }
    }
    const watched = new WatchedThread();
    const beside = new Redactor(new Detectors(), watched);
    await beside.detect(messageOf("Badge B-104223"), policy);
    expect(jobs).toEqual([]);
    const badges = { ...policy, redaction: { patterns: [{ name: "BADGE", pattern: "B-[0-9]{6}" }] } };
    const { inText } = await beside.detect(messageOf("Badge B-104223"), badges);
    expect([jobs, inText.map(({ type }) => type)]).toEqual([["detect"], ["BADGE"]]);
    await watched.close();
  });

  it("starts anew when its thread has ended", async () => {
    await thread.close();
    expect((await redacted(long)).entries).toHaveLength(3);
  });
});
