/** `npm run bench live`: the CPU time that a process takes to show many answers at once while they come. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  parseConversationId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { InProcessLiveFrames } from "@cloister/storage";
import { BeatingAnswer, guardText, TimerBeat } from "@cloister/service-enclave-inference/live";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "100" },
    seconds: { type: "string", default: "20" },
    tokens: { type: "string", default: "30" },
  },
});
const streams = Number(values.streams);
const seconds = Number(values.seconds);
const tokensPerSecond = Number(values.tokens);
const beatMs = 50;

const words = "The refund is paid within five working days , and then you get a letter that says so . ".split(" ");
const shown = { own: ["When is my refund paid?"], others: ["A refund is paid within five working days. ".repeat(40)] };
const signer = createSigningKey(nodeBackend, nodeBackend.randomBytes(32));
const reader = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
const recipient = createKemPublicKey(nodeBackend, reader.publicKeyBytes);
const frames = new InProcessLiveFrames();
const beat = new TimerBeat();

function opening() {
  const nowMs = Date.now();
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
      expiresAtMs: nowMs + 60_000,
      contentType: ContentType.STREAM_OPENING,
      policyVersion: 1,
    },
    payload: new Uint8Array(),
    recipients: [recipient],
    signer,
    stream: true,
  });
  return { event: bytes, sealer: stream };
}

/** Runs so many streams, and gives the CPU time in ms, the cells and the bytes that a reader was sent. */
async function run(tokens: number) {
  const sent = { cells: 0, bytes: 0 };
  const answers = await Promise.all(
    Array.from({ length: streams }, async (_, n) => {
      const channel = String(n);
      frames.subscribe(channel, (frame) => {
        // What ingest does of it.
        sent.bytes += `event: live\ndata: ${Buffer.from(frame).toString("base64")}\n\n`.length;
        sent.cells += 1;
      });
      return BeatingAnswer.begin({
        beat,
        beatMs,
        guard: (text) => guardText(text, shown).text.trimStart(),
        hasReaders: () => frames.hasListeners(channel),
        open: () => Promise.resolve(opening()),
        publish: (event) => frames.publish(channel, event),
        onOver: () => undefined,
      });
    }),
  );
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let spoken = 0;
  while (performance.now() - startedAt < seconds * 1_000) {
    await sleep(beatMs);
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * tokens);
    for (; spoken < due; spoken += 1) {
      for (const answer of answers) answer.say(`${words[spoken % words.length] ?? ""} `);
    }
  }
  const { user, system } = process.cpuUsage(before);
  for (const answer of answers) answer.stop();
  await frames.close();
  return { ...sent, cpuMs: (user + system) / 1_000 };
}

await run(tokensPerSecond);
console.log(
  `Node ${process.version}, ${String(streams)} streams, a cell every ${String(beatMs)} ms, ${values.seconds} s\n`,
);
console.log("| tokens a second in each | of one core | CPU µs a cell | cells | bytes to each reader a second |");
console.log("| ----------------------: | ----------: | ------------: | ----: | ----------------------------: |");
for (const tokens of [0, tokensPerSecond]) {
  const { cpuMs, cells, bytes } = await run(tokens);
  const share = `${(cpuMs / seconds / 10).toFixed(1)} %`;
  const each = Math.round(bytes / streams / seconds);
  console.log(
    `| ${String(tokens)} | ${share} | ${((cpuMs * 1_000) / cells).toFixed(0)} | ${String(cells)} | ${String(each)} |`,
  );
}
