import { fromBinary } from "@bufbuild/protobuf";
import { MessageSealedSchema, ReplyEventSchema } from "@cloister/contracts/events";
import { parseEnvelope, Stage, type Header } from "@cloister/envelope";
import type { SearchedPlace } from "@cloister/canary";

/** An envelope that the operator has put aside. */
export interface CopiedEnvelope {
  readonly bytes: Uint8Array;
  readonly header: Header;
  /** `wrap` opens with a purpose key of `keys`, `kem` with a private key: the conversation's inbound one, or a reader's. */
  readonly recipientKinds: readonly ("kem" | "wrap")[];
}

/** Everything sealed among what lies there: a column of a row, or the value of a record, is a chunk. */
export async function copyEnvelopes(
  places: AsyncIterable<SearchedPlace> | Iterable<SearchedPlace>,
): Promise<CopiedEnvelope[]> {
  const copies = new Map<string, CopiedEnvelope>();
  for await (const { chunks } of places) {
    for await (const value of chunks) {
      for (const bytes of envelopesIn(value)) {
        const { header, recipients } = parseEnvelope(bytes);
        const recipientKinds = recipients.map(({ kind }) => kind);
        copies.set(Buffer.from(bytes).toString("base64"), { bytes, header, recipientKinds });
      }
    }
  }
  return [...copies.values()];
}

/** True for what only the readers named by the tenant can open: `keys` never had a key to it. */
export const isForReaders = ({ header }: CopiedEnvelope): boolean =>
  header.stage === Stage.REPLY || header.stage === Stage.MAP_DELTA;

function envelopesIn(value: Uint8Array): Uint8Array[] {
  const candidates = [value, envelopeOfMessage(value), envelopeOfReply(value)];
  return candidates.filter((bytes) => bytes !== undefined).filter(isEnvelope);
}

function isEnvelope(bytes: Uint8Array): boolean {
  try {
    parseEnvelope(bytes);
    return true;
  } catch {
    return false;
  }
}

function envelopeOfMessage(value: Uint8Array): Uint8Array | undefined {
  try {
    return fromBinary(MessageSealedSchema, value).envelope;
  } catch {
    return undefined;
  }
}

function envelopeOfReply(value: Uint8Array): Uint8Array | undefined {
  try {
    const { event } = fromBinary(ReplyEventSchema, value);
    return event.case === "sealed" ? event.value.envelope : undefined;
  } catch {
    return undefined;
  }
}
