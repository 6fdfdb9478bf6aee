import {
  ContentType,
  createWrapKey,
  derivedId,
  openEnvelope,
  parseConversationId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  wrapKeyId,
  type WrapKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { PassageSchema } from "@cloister/contracts/content";
import { quantized, search, SearchIndex, staticEmbedder, type Searchable } from "@cloister/retrieval";

export const tenantId = parseTenantId(nodeBackend.randomBytes(16));
export const conversationId = parseConversationId(nodeBackend.randomBytes(16));
const nowMs = Date.UTC(2026, 0, 1);
export const bucketEndMs = nowMs + 86_400_000;

export interface SearchCost {
  readonly passages: number;
  /** Opening every envelope and indexing what is in it. */
  readonly coldMs: number;
  /** Of that, opening alone. */
  readonly openMs: number;
  /** The median search of what is held open, by words and vectors. */
  readonly warmMs: number;
  /** The median of comparing the vectors alone. */
  readonly vectorsMs: number;
  /** As the cache counts it. */
  readonly megabytes: number;
}

/** What one question costs over so many sealed passages of some 400 characters, made of the texts given. */
export async function searchCost(texts: readonly string[], count: number): Promise<SearchCost> {
  const key = newVectorKey();
  const sealed = await sealedPassages(texts, count, key);
  const openStartedAtMs = cpuMs();
  for (const envelope of sealed) opened(envelope, key);
  const openMs = cpuMs() - openStartedAtMs;
  const startedAtMs = cpuMs();
  const index = new SearchIndex<Searchable>();
  for (let start = 0; start < sealed.length; start += 200) {
    index.add(sealed.slice(start, start + 200).map((envelope) => opened(envelope, key)));
  }
  const coldMs = cpuMs() - startedAtMs;
  const questions = texts.slice(0, 31);
  const queries = await staticEmbedder().embed(questions);
  const warm = questions.map((question, n) =>
    timed(() => search({ question, vector: queries[n] ?? new Float32Array() }, [index])),
  );
  const vectors = queries.map((query) => timed(() => index.cosines(query)));
  return {
    passages: count,
    coldMs,
    openMs,
    warmMs: median(warm),
    vectorsMs: median(vectors),
    megabytes: index.bytes / 1024 / 1024,
  };
}

export function newVectorKey(): WrapKey {
  const keyId = wrapKeyId({ tenantId, conversationId, purpose: "vector", bucketEndMs });
  return createWrapKey(nodeBackend, { key: nodeBackend.randomBytes(32), keyId });
}

async function sealedPassages(texts: readonly string[], count: number, key: WrapKey): Promise<Uint8Array[]> {
  const embedder = staticEmbedder();
  const sealed: Uint8Array[] = [];
  for (let n = 0; n < count; n++) {
    // Seven questions stand for a passage; each passage has another seven.
    const text = Array.from({ length: 7 }, (_, k) => texts[(n * 7 + k * (1 + n)) % texts.length]).join(" ");
    const [vector = new Float32Array()] = await embedder.embed([text]);
    sealed.push(sealedPassage(text, quantized(vector), key));
  }
  return sealed;
}

/** One passage with its vector, sealed. */
export function sealedPassage(text: string, vector: Int8Array, key: WrapKey): Uint8Array {
  const causeId = uuidv7(nowMs, nodeBackend.randomBytes(10));
  const values = new Uint8Array(vector.buffer, vector.byteOffset, vector.length);
  const passage = create(PassageSchema, { text, vector: { model: "static-en-1", values } });
  return sealEnvelope(nodeBackend, {
    header: {
      suite: Suite.AES_256_GCM,
      messageId: derivedId(causeId, Stage.PASSAGE, 0),
      tenantId,
      conversationId,
      stage: Stage.PASSAGE,
      attempt: 0,
      senderSeq: 0,
      createdAtMs: nowMs,
      expiresAtMs: bucketEndMs,
      contentType: ContentType.PASSAGE,
      policyVersion: 1,
      causeId,
    },
    payload: toBinary(PassageSchema, passage),
    recipients: [key],
  }).bytes;
}

/** What was sealed, ready to be searched. */
export function opened(envelope: Uint8Array, key: WrapKey): Searchable {
  const { payload } = openEnvelope(nodeBackend, envelope, { keys: [key], signer: "none", nowMs });
  const { text, vector } = fromBinary(PassageSchema, payload);
  return { title: "", text, vector: Int8Array.from(vector?.values ?? [], (byte) => (byte << 24) >> 24) };
}

function timed(work: () => unknown): number {
  const startedAtMs = cpuMs();
  work();
  return cpuMs() - startedAtMs;
}

/** Time of the processor, not of the clock: others may be at work on the same machine. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}
