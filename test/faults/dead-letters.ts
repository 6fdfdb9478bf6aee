import { z } from "zod";
import type { DeadLetter } from "./account.ts";

const page = z.object({
  letters: z.array(
    z.object({ id: z.string(), service: z.string(), code: z.string(), messageId: z.string().nullable() }),
  ),
  next: z.string().nullable(),
});
const shown = z.object({ envelope: z.object({ causeId: z.string().nullable() }).nullable() });

/** What `cloister dlq list` and `show` tell of all services' dead letters. */
export async function readDeadLetters(doors: readonly string[], token: string): Promise<DeadLetter[]> {
  const all: DeadLetter[] = [];
  for (const door of doors) {
    const ask = async (path: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${door}/v1/operations/dead-letters${path}`, { headers });
      if (!answer.ok) throw new Error(`dead letters could not be read: ${answer.status}`);
      return answer.json();
    };
    for (let after: string | null = ""; after !== null;) {
      const { letters, next } = page.parse(await ask(`?limit=500${after === "" ? "" : `&after=${after}`}`));
      for (const { id, service, code, messageId } of letters) {
        const { envelope } = shown.parse(await ask(`/${id}`));
        // Behind redaction a record has an id of its own, and names the client's as its cause.
        all.push({ causeId: envelope?.causeId ?? messageId, service, code });
      }
      after = next;
    }
  }
  return all;
}
