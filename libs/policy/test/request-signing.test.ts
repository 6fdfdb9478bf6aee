import { describe, expect, it } from "@jest/globals";
import { Purpose } from "@cloister/contracts/keys/release";
import {
  openConversationSigningBytes,
  releaseKeysSigningBytes,
  releasedKeysAad,
  releasedKeysInfo,
  releasedKeysSigningBytes,
  renewConversationSigningBytes,
  sessionChannelSigningBytes,
  verifyEd25519,
  type ReleaseKeysFields,
  type SessionChannel,
} from "@cloister/policy";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { newSigner } from "./fixture.ts";

const id = (value: number) => new Uint8Array(16).fill(value);
const open = {
  tenantId: id(1),
  clientKemPublicKey: new Uint8Array(1216).fill(2),
  clientSigningPublicKey: new Uint8Array(32).fill(3),
  salt: id(4),
  nonce: new Uint8Array(32).fill(5),
  admission: new Uint8Array(100).fill(6),
};
const renew = {
  tenantId: id(1),
  conversationId: id(2),
  nonce: new Uint8Array(32).fill(5),
  clientKemPublicKey: new Uint8Array(1216).fill(2),
  requestedAtMs: 1_795_000_000_000n,
};
const release: ReleaseKeysFields = {
  sessionId: id(1),
  sequence: 7n,
  keys: [{ tenantId: id(2), conversationId: id(3), purpose: Purpose.FLOW, bucketEndMs: 1_795_000_000_000n }],
  conversations: [{ tenantId: id(2), conversationId: id(4) }],
};
const channel: SessionChannel = {
  sessionId: id(1),
  nonce: new Uint8Array(32).fill(5),
  server: new Uint8Array(32).fill(6),
  client: new Uint8Array(32).fill(7),
};

describe("what is signed of a request", () => {
  it.each([
    [
      "opening",
      () => openConversationSigningBytes(open),
      "239a5d981a436f7b9dce3db32d0fab5f55d848ddd2b746910e0abeaf26986e93",
    ],
    [
      "renewal",
      () => renewConversationSigningBytes(renew),
      "703e10981139b8ffbbd8707fe67a5ef051a2a266dbda3285f2539bc1ede2db04",
    ],
    [
      "release",
      () => releaseKeysSigningBytes(release),
      "a0ad09b16a5c576eeadb0d9df39ff06b2e833fdada77eb0e88e0413c75e09c91",
    ],
    [
      "session's connection",
      () => sessionChannelSigningBytes("instance", channel),
      "23c58364cfcd946be98fed75d935199744cf3779c452d5a6481be7c3e5278e0f",
    ],
  ])("stays the same for ever for the same %s", (_name, bytes, digest) => {
    expect(bytesToHex(sha256(bytes()))).toBe(digest);
  });

  it("begins with a label of its own, length-prefixed, whatever is signed", () => {
    const labelOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes).match(/cloister\/v1 [a-z ]+/u)?.[0];
    const all = [
      openConversationSigningBytes(open),
      renewConversationSigningBytes(renew),
      releaseKeysSigningBytes(release),
      releasedKeysSigningBytes(release, id(1)),
      releasedKeysInfo(),
      releasedKeysAad(release),
    ];
    expect(all.map(labelOf)).toEqual([
      "cloister/v1 open conversation",
      "cloister/v1 renew conversation",
      "cloister/v1 release keys",
      "cloister/v1 released keys signature",
      "cloister/v1 released keys",
      "cloister/v1 released keys",
    ]);
  });

  it("keeps the answer's AAD apart from its info, which no request is part of", () => {
    expect(releasedKeysInfo()).not.toEqual(releasedKeysAad(release));
    expect(releasedKeysAad({ ...release, sequence: 8n })).not.toEqual(releasedKeysAad(release));
  });

  it.each(Object.keys(open))("of an opening covers its %s", (field) => {
    const changed = { ...open, [field]: new Uint8Array(7) };
    expect(openConversationSigningBytes(changed)).not.toEqual(openConversationSigningBytes(open));
  });

  it.each<[string, Partial<typeof renew>]>([
    ["tenant", { tenantId: id(9) }],
    ["conversation", { conversationId: id(9) }],
    ["nonce", { nonce: new Uint8Array(32) }],
    ["reply key", { clientKemPublicKey: new Uint8Array(1216) }],
    ["time", { requestedAtMs: 1n }],
  ])("of a renewal covers its %s", (_name, change) => {
    expect(renewConversationSigningBytes({ ...renew, ...change })).not.toEqual(renewConversationSigningBytes(renew));
  });

  it.each<[string, Partial<ReleaseKeysFields>]>([
    ["session", { sessionId: id(9) }],
    ["sequence", { sequence: 8n }],
    ["keys", { keys: [] }],
    ["purposes", { keys: release.keys.map((key) => ({ ...key, purpose: Purpose.MAP })) }],
    ["buckets", { keys: release.keys.map((key) => ({ ...key, bucketEndMs: 0n })) }],
    ["conversations", { conversations: [] }],
  ])("of a release covers its %s", (_name, change) => {
    expect(releaseKeysSigningBytes({ ...release, ...change })).not.toEqual(releaseKeysSigningBytes(release));
  });

  it("binds a release's answer to the one request", () => {
    expect(releasedKeysAad({ ...release, sequence: 8n })).not.toEqual(releasedKeysAad(release));
  });

  it.each([
    ["session", { ...release, sessionId: id(9) }, Uint8Array.of(1)],
    ["sequence", { ...release, sequence: 8n }, Uint8Array.of(1)],
    ["sealed keys", release, Uint8Array.of(2)],
  ])("of released keys covers their %s", (_name, request, sealed) => {
    const signed = releasedKeysSigningBytes(release, Uint8Array.of(1));
    expect(releasedKeysSigningBytes(request, sealed)).not.toEqual(signed);
  });
});

describe("a raw signature", () => {
  const signer = newSigner();
  const bytes = openConversationSigningBytes(open);

  it("holds under its key", () => {
    expect(verifyEd25519(signer.publicKey, bytes, signer.sign(bytes))).toBe(true);
  });

  it.each([
    ["another key", newSigner().publicKey, signer.sign(bytes)],
    ["a key of another length", new Uint8Array(31), signer.sign(bytes)],
    ["no signature", signer.publicKey, new Uint8Array()],
  ])("doesn't hold under %s", (_name, publicKey, signature) => {
    expect(verifyEd25519(publicKey, bytes, signature)).toBe(false);
  });

  it("of the small-order key doesn't hold, though its equation does", () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31));
    const forged = Uint8Array.of(...identity, ...new Uint8Array(32));
    expect(verifyEd25519(identity, bytes, forged)).toBe(false);
  });

  it.each<[string, "keys" | "instance", Partial<SessionChannel>]>([
    ["side", "instance", {}],
    ["session", "keys", { sessionId: id(9) }],
    ["challenge", "keys", { nonce: new Uint8Array(32) }],
    ["key of keys", "keys", { server: channel.client }],
    ["key of the instance", "keys", { client: channel.server }],
    ["order of keys", "keys", { server: channel.client, client: channel.server }],
  ])("of a session's connection covers its %s", (_name, side, change) => {
    const signed = sessionChannelSigningBytes("keys", channel);
    expect(sessionChannelSigningBytes(side, { ...channel, ...change })).not.toEqual(signed);
  });
});
