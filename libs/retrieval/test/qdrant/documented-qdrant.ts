import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { z } from "zod";

/**
 * What Qdrant's documented REST API answers to the requests that we make of it, strict mode on, and nothing besides: a
 * request that it doesn't know, or whose body it doesn't document, is refused. No substitute for the server itself.
 */
export interface DocumentedQdrant {
  readonly url: string;
  /** `PUT /collections/x?wait=true`, in their order. */
  readonly requests: readonly string[];
  readonly bodies: readonly unknown[];
  /** The next answers, before any is worked out: a rate limit, a failure. */
  fail(...answers: Answer[]): void;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly error?: string;
  readonly result?: unknown;
  readonly retryAfter?: string;
}

interface Collection {
  readonly size: number;
  readonly indexed: Set<string>;
  readonly points: Map<string, { vector: number[]; payload: Record<string, unknown> }>;
}

const vectorsParams = z.strictObject({
  vectors: z.strictObject({ size: z.int().min(1), distance: z.literal("Dot") }),
  hnsw_config: z.strictObject({ m: z.literal(0), payload_m: z.literal(16) }),
  on_disk_payload: z.literal(true),
});
const fieldIndex = z.strictObject({
  field_name: z.string(),
  field_schema: z.strictObject({ type: z.literal("keyword"), is_tenant: z.boolean().optional() }),
});
const filter = z.strictObject({
  must: z.array(z.strictObject({ key: z.string(), match: z.strictObject({ value: z.string() }) })).min(1),
});
const upsert = z.strictObject({
  points: z
    .array(z.strictObject({ id: z.uuid(), vector: z.array(z.number()), payload: z.record(z.string(), z.unknown()) }))
    .max(100),
});
const query = z.strictObject({
  query: z.array(z.number()),
  filter,
  limit: z.int().min(1).max(1_000),
  with_payload: z.literal(true),
});

export async function documentedQdrant(apiKey?: string): Promise<DocumentedQdrant> {
  const collections = new Map<string, Collection>();
  const requests: string[] = [];
  const bodies: unknown[] = [];
  const failures: Answer[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
      bodies.push(body);
      const isKnown = apiKey === undefined || request.headers["api-key"] === apiKey;
      const { status, error, result, retryAfter } = isKnown
        ? (failures.shift() ?? checked(() => answered(collections, request, body)))
        : { status: 401, error: "Must provide an API key or an Authorization bearer token" };
      response.writeHead(status, {
        "content-type": "application/json",
        ...(retryAfter !== undefined && { "retry-after": retryAfter }),
      });
      response.end(
        JSON.stringify(error === undefined ? { result, status: "ok", time: 0 } : { status: { error }, time: 0 }),
      );
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    bodies,
    fail: (...answers) => void failures.push(...answers),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function checked(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    return { status: 422, error: `Validation error in JSON body: ${String(error)}` };
  }
}

function answered(
  collections: Map<string, Collection>,
  { method = "", url = "" }: IncomingMessage,
  body: unknown,
): Answer {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  const [, root, name = "", ...rest] = pathname.split("/");
  if (root !== "collections") return notFound("no such path");
  if (name === "") return ok({ collections: [...collections.keys()].map((one) => ({ name: one })) });
  const collection = collections.get(name);
  const call = `${method} ${rest.join("/")}`;
  if (call === "PUT ") return create(collections, name, body);
  if (call === "DELETE ") return ok(collections.delete(name));
  if (collection === undefined) return notFound(`Not found: Collection \`${name}\` doesn't exist!`);
  const mustWait = ["PUT index", "PUT points", "POST points/delete"].includes(call);
  if (mustWait && searchParams.get("wait") !== "true") return badRequest("this test wants writes waited for");
  return onCollection(collection, call, body);
}

function onCollection(collection: Collection, call: string, body: unknown): Answer {
  switch (call) {
    case "PUT index": {
      const { field_name: field } = fieldIndex.parse(body);
      collection.indexed.add(field);
      return acknowledged;
    }
    case "PUT points": {
      const { points } = upsert.parse(body);
      if (points.some(({ vector }) => vector.length !== collection.size)) return badRequest("Vector dimension error");
      for (const { id, vector, payload } of points) collection.points.set(id, { vector, payload });
      return acknowledged;
    }
    case "POST points/delete": {
      const { must } = z.strictObject({ filter }).parse(body).filter;
      if (isUnindexed(collection, must)) return unindexed;
      for (const [id, { payload }] of collection.points) if (isMatch(payload, must)) collection.points.delete(id);
      return acknowledged;
    }
    case "POST points/count": {
      const counted = z.strictObject({ exact: z.literal(true), filter: filter.optional() }).parse(body);
      const must = counted.filter?.must ?? [];
      if (isUnindexed(collection, must)) return unindexed;
      return ok({ count: [...collection.points.values()].filter(({ payload }) => isMatch(payload, must)).length });
    }
    case "POST points/query":
      return search(collection, body);
    default:
      return notFound("no such path");
  }
}

function create(collections: Map<string, Collection>, name: string, body: unknown): Answer {
  if (collections.has(name)) {
    return { status: 409, error: `Wrong input: Collection \`${name}\` already exists!` };
  }
  const { vectors } = vectorsParams.parse(body);
  collections.set(name, { size: vectors.size, indexed: new Set(), points: new Map() });
  return ok(true);
}

function search(collection: Collection, body: unknown): Answer {
  const { query: probe, filter: wanted, limit } = query.parse(body);
  if (isUnindexed(collection, wanted.must)) return unindexed;
  const scored = [...collection.points]
    .filter(([, { payload }]) => isMatch(payload, wanted.must))
    .map(([id, { vector, payload }]) => ({ id, version: 0, score: dot(probe, vector), payload }))
    .sort((one, other) => other.score - one.score);
  return ok({ points: scored.slice(0, limit) });
}

type Conditions = z.output<typeof filter>["must"];

function isMatch(payload: Record<string, unknown>, must: Conditions): boolean {
  return must.every(({ key, match }) => payload[key] === match.value);
}

function isUnindexed({ indexed }: Collection, must: Conditions): boolean {
  return must.some(({ key }) => !indexed.has(key));
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0);
}

const ok = (result: unknown): Answer => ({ status: 200, result });
const acknowledged = ok({ operation_id: 1, status: "completed" });
const notFound = (error: string): Answer => ({ status: 404, error });
const badRequest = (error: string): Answer => ({ status: 400, error });
const unindexed = badRequest("Bad request: Index required but not found for a field of the filter.");

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}
