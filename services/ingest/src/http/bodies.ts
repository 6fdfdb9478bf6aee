import { fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";

import { problem } from "../ingest.problems.ts";

export const protobufType = "application/protobuf";
export const octetsType = "application/octet-stream";

/** Both kinds of body reach the doors as the bytes that came; Fastify keeps them under the body limit. */
export function takeBinaryBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addContentTypeParser([protobufType, octetsType], { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
}

/** @throws ProblemError UNSUPPORTED_MEDIA_TYPE when the body came as another type, MALFORMED when there is none */
export function requireBytes(body: unknown, mediaType: string): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body;
  const isMissing = body === undefined || body === null || body instanceof Uint8Array;
  throw problem(isMissing ? "MALFORMED" : "UNSUPPORTED_MEDIA_TYPE", `Send a body of type ${mediaType}.`);
}

/** @throws ProblemError MALFORMED when the body is no such message */
export function readProtobuf<Desc extends DescMessage>(schema: Desc, body: unknown): MessageShape<Desc> {
  const bytes = requireBytes(body, protobufType);
  try {
    return fromBinary(schema, bytes);
  } catch {
    throw problem("MALFORMED", `The body is not a serialized ${schema.typeName}.`);
  }
}

export function writeProtobuf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Buffer {
  return Buffer.from(toBinary(schema, message));
}
