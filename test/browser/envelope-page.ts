// Runs in Chromium: what a page does with `@cloister/envelope/web`, called by envelope.system.test.ts. Bytes cross as hex.
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  createVerifyingKey,
  createWrapKey,
  EnvelopeError,
  openEnvelope,
  parseConversationId,
  parseKeyId,
  parseMessageId,
  parseTenantId,
  sealEnvelope,
  Stage,
  type Suite,
} from "@cloister/envelope";
import { nobleBackend } from "@cloister/envelope/noble";
import { type AsyncBackend, createWebBackend, openEnvelopeWeb, sealEnvelopeWeb } from "@cloister/envelope/web";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

/** What of a frozen vector is needed to open it. */
export interface PageVector {
  readonly recipient: "kem" | "wrap";
  readonly recipientKey: string;
  readonly recipientKeyId: string;
  readonly signingSeed: string;
  readonly nowMs: number;
  readonly envelope: string;
  readonly frames: readonly { readonly frame: string }[];
}

const web = await createWebBackend();
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const nowMs = 1_800_000_000_000;

/** The same keys on both sides of the test, by number. */
function party(backend: AsyncBackend, number: number) {
  const kemPrivate = createKemPrivateKey(backend, new Uint8Array(32).fill(number));
  const signing = createSigningKey(backend, new Uint8Array(32).fill(number + 64));
  return {
    kemPrivate,
    kemPublic: createKemPublicKey(backend, kemPrivate.publicKeyBytes),
    wrap: createWrapKey(backend, {
      key: new Uint8Array(32).fill(number + 128),
      keyId: parseKeyId(new Uint8Array(16).fill(number)),
    }),
    signing,
    verifying: createVerifyingKey(backend, signing.publicKeyBytes),
  };
}

function header(suite: Suite) {
  return {
    suite,
    messageId: parseMessageId("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"),
    tenantId: parseTenantId(new Uint8Array(16).fill(0x11)),
    conversationId: parseConversationId(new Uint8Array(16).fill(0x22)),
    stage: Stage.INBOUND,
    attempt: 0,
    senderSeq: 1,
    createdAtMs: nowMs - 1000,
    expiresAtMs: nowMs + 3_600_000,
    contentType: ContentType.TEXT,
    policyVersion: 1,
  };
}

const envelopePage = {
  native: async () => web.native,

  /** Payload and cells of a frozen vector. */
  openVector: async (vector: PageVector): Promise<{ payload: string; cells: string[] }> => {
    const key =
      vector.recipient === "kem"
        ? createKemPrivateKey(web, hexToBytes(vector.recipientKey))
        : createWrapKey(web, { key: hexToBytes(vector.recipientKey), keyId: parseKeyId(vector.recipientKeyId) });
    const signer =
      vector.signingSeed === ""
        ? "none"
        : createVerifyingKey(web, createSigningKey(web, hexToBytes(vector.signingSeed)).publicKeyBytes);
    const request = { keys: [key], signer, nowMs: vector.nowMs, stream: true } as const;
    const { payload, stream } = await openEnvelopeWeb(web, hexToBytes(vector.envelope), request);
    return {
      payload: text(payload),
      cells: vector.frames.map(({ frame }) => text(stream.open(hexToBytes(frame)).text)),
    };
  },

  /** Sealed to the keys numbered 1 (X-Wing) and 2 (wrap), signed by 1. */
  seal: async (suite: Suite, payload: string): Promise<string> => {
    const recipients = [party(web, 1).kemPublic, party(web, 2).wrap];
    const request = { header: header(suite), payload: utf8(payload), recipients, signer: party(web, 1).signing };
    return bytesToHex((await sealEnvelopeWeb(web, request)).bytes);
  },

  /** What each of the two recipients reads: the text, or the code of the refusal. */
  open: async (envelope: string): Promise<string[]> => {
    const [one, two] = [party(web, 1), party(web, 2)];
    const opened = [one.kemPrivate, two.wrap].map(async (key) => {
      try {
        const request = { keys: [key], signer: one.verifying, nowMs };
        return text((await openEnvelopeWeb(web, hexToBytes(envelope), request)).payload);
      } catch (error) {
        if (error instanceof EnvelopeError) return error.code;
        throw error;
      }
    });
    return Promise.all(opened);
  },

  /** Milliseconds for one envelope to an X-Wing key, signed, as the median of `rounds`. */
  measure: async (suite: Suite, payloadBytes: number, rounds: number) => {
    const payload = new Uint8Array(payloadBytes).fill(7);
    const own = party(web, 1);
    const sealing = { header: header(suite), payload, recipients: [own.kemPublic], signer: own.signing };
    const opening = { keys: [own.kemPrivate], signer: own.verifying, nowMs };
    const { bytes } = await sealEnvelopeWeb(web, sealing);
    const kemPrivate = createKemPrivateKey(nobleBackend, new Uint8Array(32).fill(1));
    const signing = createSigningKey(nobleBackend, new Uint8Array(32).fill(65));
    const recipients = [createKemPublicKey(nobleBackend, kemPrivate.publicKeyBytes)];
    const nobleSealing = { ...sealing, recipients, signer: signing };
    const verifying = createVerifyingKey(nobleBackend, signing.publicKeyBytes);
    const nobleOpening = { keys: [kemPrivate], signer: verifying, nowMs };
    return {
      webSealMs: await median(rounds, () => sealEnvelopeWeb(web, sealing)),
      webOpenMs: await median(rounds, () => openEnvelopeWeb(web, bytes, opening)),
      nobleSealMs: await median(rounds, async () => sealEnvelope(nobleBackend, nobleSealing)),
      nobleOpenMs: await median(rounds, async () => openEnvelope(nobleBackend, bytes, nobleOpening)),
    };
  },
};

async function median(rounds: number, run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    await run();
    times.push(performance.now() - startMs);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? 0;
}

export type EnvelopePage = typeof envelopePage;
Object.assign(globalThis, { cloisterPage: envelopePage });
