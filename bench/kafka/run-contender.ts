/** One run of one contender, as a process of its own: prints its figures as JSON. */
import { adapter } from "./adapter.ts";
import { bareKafkajs } from "./bare-kafkajs.ts";
import { barePlatformatic } from "./bare-platformatic.ts";
import type { Contender } from "./contender.ts";
import { threeHops } from "./three-hops.ts";

const [name = "", brokerList = "", run = "", messages = "", messageBytes = "", perSecond = ""] = process.argv.slice(2);
const contender = await open(name, brokerList.split(","));
const figures = await threeHops(contender, run, {
  messages: Number(messages),
  messageBytes: Number(messageBytes),
  perSecond: Number(perSecond),
});
process.send?.(figures, () => process.exit(0));

async function open(which: string, brokers: readonly string[]): Promise<Contender> {
  switch (which) {
    case "kafkajs":
    case "platformatic":
      return adapter(which, brokers);
    case "kafkajs-bare":
      return bareKafkajs(brokers);
    case "platformatic-bare":
      return barePlatformatic(brokers);
    default:
      throw new Error(`no contender ${which}`);
  }
}
