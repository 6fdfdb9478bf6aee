import { describe, expect, it } from "@jest/globals";
import type { ModelEvent, ModelRequest, ModelRuntime } from "../src/model/model-runtime.ts";

const request: ModelRequest = {
  question: "My name is [PERSON_1]. How long does a refund take?",
  turns: [{ question: "Hello, I have a question", answer: "Ask it." }],
  passages: [
    {
      origin: "knowledge",
      source: { documentId: "refunds", title: "Refunds" },
      text: "A refund is paid within five working days.",
    },
    { origin: "conversation", text: "I cancelled my flight yesterday." },
  ],
};

/** What every adapter of the ModelRuntime port has to do. `start` gives the runtime, and what stops its server. */
export function modelRuntimeContract(
  name: string,
  start: () => Promise<{ runtime: ModelRuntime; stop: () => Promise<void> }>,
): void {
  async function events(asked: ModelRequest, signal = new AbortController().signal): Promise<ModelEvent[]> {
    const { runtime, stop } = await start();
    try {
      return await collect(runtime.answer(asked, signal));
    } finally {
      await stop();
    }
  }

  describe(`${name} as a ModelRuntime`, () => {
    it("ends with exactly one final answer that says something", async () => {
      const all = await events(request);
      expect(all.map((event) => event.kind).lastIndexOf("final")).toBe(all.length - 1);
      expect(all.filter((event) => event.kind === "final")).toHaveLength(1);
      expect(all.at(-1)).toMatchObject({ kind: "final", answer: { text: expect.stringMatching(/\S/u) } });
    });

    it("streams text before its end, in pieces that aren't empty", async () => {
      const pieces = (await events(request)).flatMap((event) => (event.kind === "text" ? [event.text] : []));
      expect(pieces.length).toBeGreaterThan(0);
      expect(pieces.filter((piece) => piece === "")).toEqual([]);
    });

    it("streams what its final answer says, and nothing else", async () => {
      const all = await events(request);
      const text = all.map((event) => (event.kind === "text" ? event.text : "")).join("");
      expect(all.at(-1)).toMatchObject({ answer: { text: text.trim() } });
    });

    it("names as sources only documents of the passages it was given, each once", async () => {
      const final = (await events(request)).at(-1);
      expect(final).toMatchObject({ answer: { sources: [{ documentId: "refunds", title: "Refunds" }] } });
    });

    it("answers without turns and passages", async () => {
      const final = (await events({ question: "How long?", turns: [], passages: [] })).at(-1);
      expect(final).toMatchObject({ kind: "final", answer: { sources: [] } });
    });

    it("throws MODEL_ABORTED when its caller gave up", async () => {
      await expect(events(request, AbortSignal.abort())).rejects.toMatchObject({ code: "MODEL_ABORTED" });
    });

    it("serves two conversations at once without mixing them", async () => {
      const { runtime, stop } = await start();
      const other = { ...request, question: "My name is [PERSON_2]. How long does a refund take?" };
      const ask = (asked: ModelRequest) => collect(runtime.answer(asked, new AbortController().signal));
      try {
        const [one, two] = await Promise.all([ask(request), ask(other)]);
        expect(JSON.stringify(one)).not.toContain("PERSON_2");
        expect(JSON.stringify(two)).not.toContain("PERSON_1");
      } finally {
        await stop();
      }
    });
  });
}

async function collect(events: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const collected: ModelEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}
