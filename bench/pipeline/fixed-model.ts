/** A model server of the OpenAI kind whose every answer takes the same time and has the same words. */
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const millisecondsOf = Number(process.argv[2] ?? 20);
const words = "Your card arrives within five working days, and the refund is paid to the same account.".split(" ");

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => void answer(response));
});

async function answer(response: ServerResponse): Promise<void> {
  await delay(millisecondsOf);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const piece = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ id: "fixed", object: "chat.completion.chunk", created: 0, model: "fixed", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  response.end(`${piece({ role: "assistant", content: words.join(" ") }, null)}${piece({}, "stop")}data: [DONE]\n\n`);
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" && address !== null ? address.port : 0);
});
process.on("disconnect", () => process.exit(0));
