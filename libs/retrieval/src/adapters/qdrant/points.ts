import { createHash } from "node:crypto";
import type { ConversationOfTenant, PassagesOfCause, SealedPassage, Segment } from "../../index/vector-index.ts";
import type { ProtectedPassage } from "../protected/protected-vectors.ts";

/** What lies beside a vector: opaque ids in hex to filter by, and the sealed passage with its exact vector inside. */
interface PointPayload extends Record<string, string | number> {
  readonly tenant: string;
  readonly conversation: string;
  readonly cause: string;
  readonly number: number;
  /** A serialized Envelope, base64. */
  readonly passage: string;
}

export interface Point {
  readonly id: string;
  readonly vector: number[];
  readonly payload: PointPayload;
}

/** The same passage is always the same point: writing it again changes nothing. */
export function pointOf({ tenantId, conversationId, causeId, number, envelope, vector }: ProtectedPassage): Point {
  return {
    id: pointId([tenantId, conversationId, causeId], number),
    vector: [...vector],
    payload: {
      tenant: hex(tenantId),
      conversation: hex(conversationId),
      cause: hex(causeId),
      number,
      passage: Buffer.from(envelope).toString("base64"),
    },
  };
}

/** Undefined for a payload that none of ours wrote. */
export function passageOf(
  payload: Record<string, unknown> | null | undefined,
  { tenantId, conversationId, bucketEndMs }: Segment,
): SealedPassage | undefined {
  const { cause, number, passage } = payload ?? {};
  if (typeof cause !== "string" || typeof number !== "number" || typeof passage !== "string") return undefined;
  return {
    tenantId,
    conversationId,
    causeId: Buffer.from(cause, "hex"),
    number,
    bucketEndMs,
    envelope: Buffer.from(passage, "base64"),
  };
}

export interface PointFilter {
  must: { key: string; match: { value: string } }[];
}

/** Every filter names the tenant first. */
export function filterOf(what: ConversationOfTenant | PassagesOfCause): PointFilter {
  const { tenantId, conversationId } = what;
  return {
    must: [
      { key: "tenant", match: { value: hex(tenantId) } },
      { key: "conversation", match: { value: hex(conversationId) } },
      ...("causeId" in what ? [{ key: "cause", match: { value: hex(what.causeId) } }] : []),
    ],
  };
}

/** A UUID of version 8 (RFC 9562) over what names a passage. */
function pointId(names: readonly Uint8Array[], number: number): string {
  const hash = createHash("sha256").update("cloister/v1 point");
  for (const name of names) hash.update(name);
  const bytes = hash.update(String(number)).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
