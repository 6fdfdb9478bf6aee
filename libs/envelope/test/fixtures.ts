import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  type EnvelopeBackend,
  type Header,
  type KemPrivateKey,
  type KemPublicKey,
  parseConversationId,
  parseKeyId,
  parseMessageId,
  parseTenantId,
  type SigningKey,
  Stage,
  Suite,
  type VerifyingKey,
  type WrapKey,
} from "@cloister/envelope";
import { nobleBackend } from "@cloister/envelope/noble";
import { nodeBackend } from "@cloister/envelope/node";

export const BACKENDS: readonly EnvelopeBackend[] = [nodeBackend, nobleBackend];
export const SUITES = [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305] as const;
export const NOW_MS = 1_800_000_000_000;

export const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function header(overrides: Partial<Header> = {}): Header {
  return {
    suite: Suite.AES_256_GCM,
    messageId: parseMessageId("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"),
    tenantId: parseTenantId(filled(16, 0x11)),
    conversationId: parseConversationId(filled(16, 0x22)),
    stage: Stage.INBOUND,
    attempt: 0,
    senderSeq: 7,
    createdAtMs: NOW_MS - 1000,
    expiresAtMs: NOW_MS + 3_600_000,
    contentType: ContentType.TEXT,
    policyVersion: 3,
    ...overrides,
  };
}

export interface Party {
  readonly kemPrivate: KemPrivateKey;
  readonly kemPublic: KemPublicKey;
  readonly wrap: WrapKey;
  readonly signing: SigningKey;
  readonly verifying: VerifyingKey;
}

/** All kinds of keys on one backend, the same bytes for the same number. */
export function party(backend: EnvelopeBackend, number: number): Party {
  const kemPrivate = createKemPrivateKey(backend, filled(32, number));
  const signing = createSigningKey(backend, filled(32, number + 64));
  return {
    kemPrivate,
    kemPublic: createKemPublicKey(backend, kemPrivate.publicKeyBytes),
    wrap: createWrapKey(backend, { key: filled(32, number + 128), keyId: parseKeyId(filled(16, number)) }),
    signing,
    verifying: createVerifyingKey(backend, signing.publicKeyBytes),
  };
}

/** The code of the error that `run` throws; an error of another class is rethrown. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && error.name === "EnvelopeError" && "code" in error) return String(error.code);
    throw error;
  }
  return "no error";
}
