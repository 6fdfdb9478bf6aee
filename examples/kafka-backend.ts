// A backend with a pair of Kafka topics of its own. The SDK seals and opens, and kafkajs carries: nothing but sealed bytes.
// Each line of standard input, {"customer","text"}, is a record on tenant.<id>.inbound.v1; a customer's lines are one
// conversation. Prints a line for each answer on tenant.<id>.replies.v1, and leaves when all are there.
// Before: ingest runs with CLOISTER_INGEST_TENANT_TOPICS=<id>, and the topics are there (cloister topics apply --tenant).
// Then: npm run example -- kafka-backend --brokers 127.0.0.1:9092 < events.jsonl
import { createInterface } from "node:readline";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { createClient, type Conversation } from "@cloister/client";
import { nodeBackend } from "@cloister/envelope/node";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { accessToken, admit, baseUrl, flags, tenantId } from "./setup/development.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const id = hex(tenantId);

// HTTP is asked for keys and policy only: to open a conversation, and to verify who signed an answer.
const client = createClient({
  baseUrl,
  accessToken,
  tenantId,
  backend: nodeBackend,
  evidenceVerifiers: [simulatedVerifier],
  allowDevelopment: true,
});
// In earnest with `ssl` and `sasl`: the tenant's own user may write the one topic and read the other, and no more.
const kafka = new Kafka({ clientId: "kafka-backend", brokers: flags.brokers.split(","), logLevel: logLevel.ERROR });

/** By customer. A real backend keeps `exportState()` of each where it keeps its secrets. */
const conversations = new Map<string, Conversation>();
/** The customer of each message that waits for its answer, by the message's id. */
const waiting = new Map<string, string>();
let isAllSent = false;

const consumer = kafka.consumer({ groupId: `tenant.${id}.kafka-backend` });
await consumer.connect();
await consumer.subscribe({ topics: [`tenant.${id}.replies.v1`], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ partition, message: { key, value, offset } }) => {
    const conversation = [...conversations.values()].find((one) => hex(one.id) === key?.toString("hex"));
    if (conversation === undefined || value === null) return;
    // Verified up to the tenant's root before a byte is shown, as an answer that comes by HTTP is.
    const event = await conversation.readEvent(value, `${partition}/${offset}`);
    if (event?.kind === "reply") answered(event.causeId, { text: event.text });
    else if (event?.kind === "failed") answered(event.causeId, { failed: event.code });
    else if (event?.kind === "refused") console.log(JSON.stringify({ refused: event.code }));
  },
});

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
for await (const line of createInterface({ input: process.stdin })) {
  const { customer, text } = JSON.parse(line) as { readonly customer: string; readonly text: string };
  const conversation = conversations.get(customer) ?? (await client.openConversation({ admission: admit }));
  conversations.set(customer, conversation);
  const { messageId, envelope } = await conversation.seal(text);
  waiting.set(hex(messageId), customer);
  // The key keeps a conversation's messages in order; the value is the envelope and nothing else.
  const record = { key: Buffer.from(conversation.id), value: Buffer.from(envelope) };
  await producer.send({ topic: `tenant.${id}.inbound.v1`, acks: -1, messages: [record] });
}
isAllSent = true;
leaveWhenDone();

function answered(causeId: Uint8Array, answer: { readonly text: string } | { readonly failed: string }): void {
  const customer = waiting.get(hex(causeId));
  if (customer === undefined) return;
  waiting.delete(hex(causeId));
  console.log(JSON.stringify({ customer, ...answer }));
  leaveWhenDone();
}

function leaveWhenDone(): void {
  if (!isAllSent || waiting.size > 0) return;
  // Not awaited: the consumer ends when the answer in hand is done with.
  void Promise.all([producer.disconnect(), consumer.disconnect()]).then(() => process.exit());
}
