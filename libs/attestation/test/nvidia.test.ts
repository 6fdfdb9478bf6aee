import { beforeAll, describe, expect, it } from "@jest/globals";
import { nvidiaGpuVerifier } from "@cloister/attestation/nvidia";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from "jose";
import { laterRefusalOf } from "./refusal.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const issuer = "https://nras.attestation.nvidia.com";
const nonce = new Uint8Array(32).fill(7);
const expected = { issuer, nonce, nowMs };
const device: JWTPayload = { measres: "success", secboot: true, dbgstat: "disabled", eat_nonce: bytesToHex(nonce) };
const passed: JWTPayload = { "x-nvidia-overall-att-result": true, eat_nonce: bytesToHex(nonce) };

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

let key: KeyPair;
let keys: JSONWebKeySet;

beforeAll(async () => {
  key = await generateKeyPair("ES384", { extractable: true });
  keys = { keys: [{ ...(await exportJWK(key.publicKey)), kid: "nv-eat-1", alg: "ES384" }] };
});

interface Changes {
  readonly device?: JWTPayload;
  readonly overall?: JWTPayload;
  readonly iss?: string;
  readonly issuedAtMs?: number;
  readonly signer?: KeyPair;
  readonly kid?: string;
  /** In place of the times that the service states. */
  readonly times?: Readonly<Record<string, unknown>>;
  /** The token beside the overall one, if it shall be another than that is about. */
  readonly beside?: (gpu: string) => Record<string, string>;
  /** What both tokens call the devices. */
  readonly names?: readonly string[];
}

function token(claims: JWTPayload, changes: Changes): Promise<string> {
  const { iss = issuer, issuedAtMs = nowMs, signer = key, kid = "nv-eat-1", times } = changes;
  const iat = issuedAtMs / 1000;
  return new SignJWT({ ...claims, iss, iat, nbf: iat, exp: iat + 3600, ...times })
    .setProtectedHeader({ alg: "ES384", kid })
    .sign(signer.privateKey);
}

async function claims(changes: Changes = {}): Promise<Uint8Array> {
  const gpu = await token({ ...device, ...changes.device }, changes);
  const digest = ["DIGEST", ["SHA-256", bytesToHex(sha256(utf8ToBytes(gpu)))]];
  const { names = ["GPU-0"] } = changes;
  const named = <Value>(value: Value) => Object.fromEntries(names.map((name) => [name, value]));
  const overall = await token({ ...passed, submods: named(digest), ...changes.overall }, changes);
  return utf8ToBytes(JSON.stringify([["JWT", overall], changes.beside?.(gpu) ?? named(gpu)]));
}

const judge = (bytes: Uint8Array, change: Partial<typeof expected> = {}) =>
  laterRefusalOf(() => nvidiaGpuVerifier(keys).verify(bytes, { ...expected, ...change }));

describe("NVIDIA's claims about a GPU", () => {
  it("count when its service found the GPU measured, booted securely and closed", async () => {
    expect(await judge(await claims())).toBeUndefined();
  });

  it.each<[string, Changes]>([
    ["a GPU that failed", { overall: { "x-nvidia-overall-att-result": false } }],
    ["a result that is text", { overall: { "x-nvidia-overall-att-result": "true" } }],
    ["another measurement", { device: { measres: "fail" } }],
    ["a GPU that is debugged", { device: { dbgstat: "enabled" } }],
    ["a GPU that doesn't say", { device: { dbgstat: undefined } }],
    ["a GPU that booted otherwise", { device: { secboot: false } }],
    ["other evidence's nonce", { overall: { eat_nonce: "00".repeat(32) } }],
    ["another nonce of the device", { device: { eat_nonce: "00".repeat(32) } }],
    ["no device", { overall: { submods: {} }, beside: () => ({}) }],
    ["a device that the overall token isn't about", { overall: { submods: {} } }],
    ["a switch and no GPU", { names: ["NVSWITCH-0"] }],
    ["more devices than a machine has", { names: Array.from({ length: 17 }, (_, index) => `GPU-${String(index)}`) }],
    ["another issuer", { iss: "https://nras.example" }],
    ["tokens that ended", { issuedAtMs: nowMs - 3_600_000 }],
    ["tokens of tomorrow", { issuedAtMs: nowMs + 86_400_000 }],
    ["tokens that count from tomorrow", { times: { nbf: nowMs / 1000 + 86_400 } }],
    ["tokens without an end", { times: { exp: undefined } }],
    ["tokens that don't say when they were made", { times: { iat: undefined } }],
    ["tokens whose end is text", { times: { exp: String(nowMs) } }],
    ["tokens of a key that the service doesn't have", { kid: "nv-eat-2" }],
    ["an overall result that is missing", { overall: { "x-nvidia-overall-att-result": undefined } }],
    ["a measurement that is missing", { device: { measres: undefined } }],
    ["a measurement that the device doesn't know", { device: { measres: "not-run" } }],
    ["a boot that is missing", { device: { secboot: undefined } }],
    ["a boot that is text", { device: { secboot: "true" } }],
    ["debugging that was switched off since", { device: { dbgstat: "disabled-since-boot" } }],
    ["no nonce", { overall: { eat_nonce: undefined } }],
    ["no nonce of the device", { device: { eat_nonce: undefined } }],
    ["two nonces", { overall: { eat_nonce: [bytesToHex(nonce), "00".repeat(32)] } }],
    ["half of the nonce", { overall: { eat_nonce: bytesToHex(nonce.subarray(16)) } }],
    ["submodules that are no digests", { overall: { submods: { "GPU-0": bytesToHex(nonce) } } }],
    ["a digest of another kind", { overall: { submods: { "GPU-0": ["DIGEST", ["SHA-1", "00".repeat(20)]] } } }],
    ["another device's digest", { overall: { submods: { "GPU-0": ["DIGEST", ["SHA-256", "00".repeat(32)]] } } }],
  ])("don't count with %s", async (_name, changes) => {
    expect(await judge(await claims(changes))).toBe("GPU_NOT_ATTESTED");
  });

  it("don't count when somebody else signed them", async () => {
    const signer = await generateKeyPair("ES384");
    expect(await judge(await claims({ signer }))).toBe("GPU_NOT_ATTESTED");
  });

  it("don't count with another device's token beside them", async () => {
    const other = await token({ ...device, hwmodel: "another" }, {});
    expect(await judge(await claims({ beside: () => ({ "GPU-0": other }) }))).toBe("GPU_NOT_ATTESTED");
  });

  it("don't count with a device's token under another name, or one more beside it", async () => {
    expect([
      await judge(await claims({ beside: (gpu) => ({ "GPU-1": gpu }) })),
      await judge(await claims({ beside: (gpu) => ({ "GPU-0": gpu, "GPU-1": gpu }) })),
    ]).toEqual(["GPU_NOT_ATTESTED", "GPU_NOT_ATTESTED"]);
  });

  it("don't count with one of two devices' tokens exchanged", async () => {
    const other = await token({ ...device, hwmodel: "another" }, {});
    const names = ["GPU-0", "GPU-1"];
    const beside = (gpu: string) => ({ "GPU-0": gpu, "GPU-1": other });
    expect(await judge(await claims({ names, beside }))).toBe("GPU_NOT_ATTESTED");
  });

  it("count for as many devices as a machine has, and with the nonce in capitals", async () => {
    const names = Array.from({ length: 16 }, (_, index) => `GPU-${String(index)}`);
    const capitals = { eat_nonce: "AB".repeat(32) };
    const bytes = await claims({ names, overall: capitals, device: capitals });
    expect(await judge(bytes, { nonce: new Uint8Array(32).fill(0xab) })).toBeUndefined();
  });

  it("count for several devices, in at most 48 KiB", async () => {
    const bytes = await claims({ names: ["GPU-0", "GPU-1", "NVSWITCH-0"] });
    const padded = new Uint8Array(48 * 1024 + 1).fill(0x20);
    padded.set(bytes);
    expect([await judge(bytes), await judge(padded.subarray(0, -1)), await judge(padded)]).toEqual([
      undefined,
      undefined,
      "GPU_NOT_ATTESTED",
    ]);
  });

  it("don't count by another algorithm, with the service's public key as its secret", async () => {
    const secret = new TextEncoder().encode(JSON.stringify(keys.keys[0]));
    const iat = nowMs / 1000;
    const forged = await new SignJWT({ ...passed, iss: issuer, iat, exp: iat + 60, submods: {} })
      .setProtectedHeader({ alg: "HS256", kid: "nv-eat-1" })
      .sign(secret);
    expect(await judge(utf8ToBytes(JSON.stringify([["JWT", forged], {}])))).toBe("GPU_NOT_ATTESTED");
    expect(await judge(utf8ToBytes(JSON.stringify([["JWT", forged], { "GPU-0": forged }])))).toBe("GPU_NOT_ATTESTED");
  });

  it("don't count unsigned", async () => {
    const text = new TextDecoder().decode(await claims());
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    const unsigned = text.replace(/"JWT","[^.]+\.([^.]+)\.[^"]+"/, `"JWT","${none}.$1.AA"`);
    expect(await judge(utf8ToBytes(unsigned))).toBe("GPU_NOT_ATTESTED");
  });

  it("don't count, and crash nobody, whatever their bytes", async () => {
    const text = fc.json().map((json) => utf8ToBytes(json));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), text), async (bytes) => {
        expect(await judge(bytes)).toBe("GPU_NOT_ATTESTED");
      }),
    );
    expect(await judge(new Uint8Array(48 * 1024 + 1).fill(0x20))).toBe("GPU_NOT_ATTESTED");
  });
});
