import { ContentType, EnvelopeError, parseEnvelope, Stage, type Header, type ParsedEnvelope } from "@cloister/envelope";
import type { ProblemError } from "@cloister/service";

import { problem } from "../ingest.problems.ts";

/**
 * The envelope of a client's own message, its form checked as far as that goes without a key: strict encoding, stage,
 * content, one KEM recipient, signed. Whether the signature holds is for redaction to say, which knows the client's key.
 * @throws ProblemError MALFORMED, UNSUPPORTED_SUITE, TOO_LARGE, WRONG_STAGE
 */
export function readInboundEnvelope(bytes: Uint8Array): ParsedEnvelope {
  const envelope = parse(bytes);
  const { header, recipients, signature } = envelope;
  if (header.stage !== Stage.INBOUND) {
    throw problem("WRONG_STAGE", "Only envelopes of stage INBOUND are taken; the others belong to the services.");
  }
  const [recipient, ...others] = recipients;
  if (recipient?.kind !== "kem" || others.length > 0 || signature === undefined) {
    throw problem("MALFORMED", "A client's message is signed and sealed to the conversation's inbound key alone.");
  }
  if (!isClientContent(header)) {
    throw problem("MALFORMED", "A client sends text or a document of a knowledge base, as the first in its line.");
  }
  return envelope;
}

function isClientContent({ contentType, causeId, attempt }: Header): boolean {
  const isKnown = contentType === ContentType.TEXT || contentType === ContentType.KNOWLEDGE_DOCUMENT;
  return isKnown && causeId === undefined && attempt === 0;
}

function parse(bytes: Uint8Array): ParsedEnvelope {
  try {
    return parseEnvelope(bytes);
  } catch (error) {
    throw error instanceof EnvelopeError ? refusalOf(error) : error;
  }
}

function refusalOf({ code, message }: EnvelopeError): ProblemError {
  if (code === "UNSUPPORTED_SUITE" || code === "TOO_LARGE") return problem(code, message);
  return problem("MALFORMED", message);
}
