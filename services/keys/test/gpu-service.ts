import { createHash, generateKeyPairSync, sign } from "node:crypto";

const kid = "gpu-1";
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A service that attests GPUs, as NVIDIA's does: its keys, and what it says of a machine's GPU. */
export class TestGpuService {
  readonly issuer = "https://nras.example.com";
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-384" });

  /** As it is served. */
  get jwks(): string {
    const key = this.#keys.publicKey.export({ format: "jwk" });
    return JSON.stringify({ keys: [{ ...key, kid, alg: "ES384" }] });
  }

  /** The detached EAT over that nonce, 32 bytes. */
  claims(nonce: Uint8Array, nowMs: number): Uint8Array {
    const eat_nonce = Buffer.from(nonce).toString("hex");
    const device = this.#token({ eat_nonce, measres: "success", secboot: true, dbgstat: "disabled" }, nowMs);
    const digest = createHash("sha256").update(device).digest("hex");
    const submods = { "GPU-0": ["DIGEST", ["SHA-256", digest]] };
    const overall = this.#token({ eat_nonce, "x-nvidia-overall-att-result": true, submods }, nowMs);
    return Buffer.from(JSON.stringify([["JWT", overall], { "GPU-0": device }]));
  }

  #token(claims: object, nowMs: number): string {
    const iat = Math.floor(nowMs / 1000);
    const signed = `${base64url({ alg: "ES384", kid })}.${base64url({ ...claims, iss: this.issuer, iat, exp: iat + 3600 })}`;
    const signature = sign("sha384", Buffer.from(signed), { key: this.#keys.privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }
}
