import type { ConsumeOptions, MessageLog } from "@cloister/messaging";
import { startToy, type RunningToy, type ToyOptions, type ToyPorts } from "./toy-service.ts";

/** A toy whose batches the test hands over, and whose records it takes. */
export async function startToyByHand(
  options: ToyOptions,
  ports: Omit<ToyPorts, "messages">,
  produce: MessageLog["produce"],
): Promise<{ readonly toy: RunningToy; readonly consuming: ConsumeOptions }> {
  const joined: ConsumeOptions[] = [];
  const messages: MessageLog = {
    ensureTopics: () => Promise.resolve(),
    produce,
    close: () => Promise.resolve(),
    consume: (consuming) => {
      joined.push(consuming);
      return Promise.resolve({ isJoined: () => true, close: () => Promise.resolve() });
    },
  };
  const toy = await startToy(options, { ...ports, messages });
  const [consuming] = joined;
  if (consuming === undefined) throw new Error("the toy consumes nothing");
  return { toy, consuming };
}
