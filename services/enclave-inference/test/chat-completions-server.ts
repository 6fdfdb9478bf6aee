import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";

export type ChatHandler = (body: ChatBody, response: ServerResponse, request: IncomingMessage) => void;

const bodySchema = z.object({
  model: z.string(),
  stream: z.boolean(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});
export type ChatBody = z.infer<typeof bodySchema>;

function parseBody(body: string): ChatBody {
  return bodySchema.parse(JSON.parse(body));
}

/** A real HTTP server on loopback that speaks chat completions as its handler says. */
export async function chatServer(handler: ChatHandler) {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      handler(parseBody(body), response, request);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    baseUrl: `http://127.0.0.1:${String(port)}/v1`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function startStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
}

export function chunk(response: ServerResponse, content: string, finishReason: string | null = null): void {
  const data = {
    id: "c",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { content }, finish_reason: finishReason }],
  };
  response.write(`data: ${JSON.stringify(data)}\n\n`);
}

export function endStream(response: ServerResponse): void {
  chunk(response, "", "stop");
  response.end("data: [DONE]\n\n");
}

/** Answers as a well-behaved model does: quotes the placeholder of the question, cites the first passage if there is one. */
export const obedient: ChatHandler = ({ messages }, response) => {
  const person = /\[PERSON_\d+\]/u.exec(messages.at(-1)?.content ?? "")?.[0] ?? "you";
  const citation = messages[0]?.content.includes("Passage [1]") === true ? " [1]" : "";
  startStream(response);
  for (const piece of ["Thank ", person, `. Five days${citation}.`]) chunk(response, piece);
  endStream(response);
};
