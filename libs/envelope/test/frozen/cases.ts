import { createHash } from "node:crypto";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createWrapKey,
} from "@cloister/envelope";
import { type EnvelopeBackend, type Header, parseConversationId, parseKeyId, parseMessageId } from "@cloister/envelope";
import { parseTenantId, sealEnvelope, Stage, Suite } from "@cloister/envelope";
import { hex, unhex } from "../hex.ts";

/** One frozen vector, complete enough for another implementation: bytes are hexadecimal, texts UTF-8. */
export interface FrozenVector {
  readonly name: string;
  readonly suite: number;
  readonly recipient: "kem" | "wrap";
  /** 32-byte X-Wing seed or 32-byte wrapping key. */
  readonly recipientKey: string;
  readonly recipientKeyId: string;
  /** 32-byte Ed25519 seed, or empty where the envelope is unsigned. */
  readonly signingSeed: string;
  readonly nowMs: number;
  readonly payload: string;
  /** The sealer's randomness, in the order of use: CEK ‖ 12-byte nonce, then for kem the 64-byte encapsulation seed. */
  readonly randomness: string;
  readonly envelope: string;
  /** Text and bytes of each frame; the last one is final. */
  readonly frames: readonly { readonly text: string; readonly frame: string }[];
}

const KEM_SEED = "07".repeat(32);
const WRAP_KEY = "a5".repeat(32);
const WRAP_KEY_ID = parseKeyId(unhex("c1".repeat(16)));
const SIGNING_SEED = "42".repeat(32);
const NOW_MS = 1_800_000_000_000;
const PAYLOAD = "Grüße: what is the refund period for order 4711?";
const CELLS = ["", "Thirty days ", "after delivery."];

/** suite × recipient kind × stream, and who seals them: a backend with the randomness that it is given. */
export function frozenVectors(
  backendWith: (randomBytes: (length: number) => Uint8Array) => EnvelopeBackend,
): FrozenVector[] {
  return [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305].flatMap((suite) =>
    (["wrap", "kem"] as const).flatMap((recipient) =>
      [false, true].map((stream) => frozenVector(backendWith, suite, recipient, stream)),
    ),
  );
}

function frozenVector(
  backendWith: (randomBytes: (length: number) => Uint8Array) => EnvelopeBackend,
  suite: Suite,
  recipient: "kem" | "wrap",
  isStream: boolean,
): FrozenVector {
  const name = `suite ${String(suite)}, ${recipient}${isStream ? ", stream" : ""}`;
  let randomness = "";
  const backend = backendWith((length) => {
    const bytes = new Uint8Array(
      createHash("shake256", { outputLength: length })
        .update(name + randomness)
        .digest(),
    );
    randomness += hex(bytes);
    return bytes;
  });
  const kem = createKemPrivateKey(backend, unhex(KEM_SEED));
  const recipientKey =
    recipient === "kem"
      ? createKemPublicKey(backend, kem.publicKeyBytes)
      : createWrapKey(backend, { key: unhex(WRAP_KEY), keyId: WRAP_KEY_ID });
  const isSigned = recipient === "kem";
  const { bytes, stream } = sealEnvelope(backend, {
    header: frozenHeader(suite, isStream),
    payload: new TextEncoder().encode(isStream ? "" : PAYLOAD),
    recipients: [recipientKey],
    signer: isSigned ? createSigningKey(backend, unhex(SIGNING_SEED)) : undefined,
    stream: true,
  });
  const last = CELLS.length - 1;
  const frames = CELLS.map((text, i) => ({
    text,
    frame: hex(stream.seal(new TextEncoder().encode(text), i === last)),
  }));
  return {
    name,
    suite,
    recipient,
    recipientKey: recipient === "kem" ? KEM_SEED : WRAP_KEY,
    recipientKeyId: hex(recipientKey.keyId),
    signingSeed: isSigned ? SIGNING_SEED : "",
    nowMs: NOW_MS,
    payload: isStream ? "" : PAYLOAD,
    randomness,
    envelope: hex(bytes),
    frames: isStream ? frames : [],
  };
}

function frozenHeader(suite: Suite, isStream: boolean): Header {
  return {
    suite,
    messageId: parseMessageId("01890a5d-ac96-774b-bcce-b302099a8057"),
    tenantId: parseTenantId("11".repeat(16)),
    conversationId: parseConversationId("22".repeat(16)),
    stage: isStream ? Stage.STREAM : Stage.INBOUND,
    attempt: isStream ? 1 : 0,
    senderSeq: 300,
    createdAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 86_400_000,
    contentType: isStream ? ContentType.STREAM_OPENING : ContentType.TEXT,
    policyVersion: 3,
    ...(isStream && { causeId: parseMessageId("01890a5d-ac96-774b-bcce-b302099a8058") }),
  };
}
