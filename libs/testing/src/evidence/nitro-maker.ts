import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { decode, encode } from "cborg";
import { authority, keyUsage, makeCertificate, TestKey } from "./certificate-maker.ts";

const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);
const MODULE_ID = "i-0123456789abcdef0-enc0123456789abcdef";

export interface NitroOptions {
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly pcrs?: ReadonlyMap<number, Uint8Array>;
  readonly payload?: Uint8Array;
}

/** A hypervisor of one's own, under a root of one's own. */
export class TestNitro {
  readonly certificates: readonly Uint8Array[];
  readonly leafKey: TestKey;

  private constructor(certificates: readonly Uint8Array[], leafKey: TestKey) {
    this.certificates = certificates;
    this.leafKey = leafKey;
  }

  static async make(region = "eu-central-1", leafNotAfterMs?: number, leafKeyUsage = 0x80): Promise<TestNitro> {
    const [rootKey, zoneKey, leafKey] = await Promise.all([
      TestKey.make("p384"),
      TestKey.make("p384"),
      TestKey.make("p384"),
    ]);
    const names = ["aws.nitro-enclaves", `zone.${region}.aws.nitro-enclaves`, `${MODULE_ID}.${region}.aws`] as const;
    const root = { subject: names[0], issuer: names[0], key: rootKey, signer: rootKey };
    const zone = { subject: names[1], issuer: names[0], key: zoneKey, signer: rootKey };
    const leaf = { subject: names[2], issuer: names[1], key: leafKey, signer: zoneKey };
    const life = leafNotAfterMs === undefined ? {} : { notAfterMs: leafNotAfterMs };
    return new TestNitro(
      await Promise.all([
        makeCertificate({ ...root, extensions: [authority(), keyUsage(0x86)] }),
        makeCertificate({ ...zone, extensions: [authority(0), keyUsage(0x86)] }),
        makeCertificate({ ...leaf, ...life, extensions: [keyUsage(leafKeyUsage)] }),
      ]),
      leafKey,
    );
  }

  get rootSha256Hex(): string {
    return bytesToHex(sha256(this.certificates[0] ?? new Uint8Array()));
  }

  payloadFields(options: NitroOptions, timestampMs: number): Map<string, unknown> {
    const [root, zone, leaf] = this.certificates;
    return new Map<string, unknown>(
      Object.entries({
        module_id: MODULE_ID,
        digest: "SHA384",
        timestamp: timestampMs,
        pcrs: options.pcrs ?? new Map([[0, new Uint8Array(48).fill(0x50)]]),
        certificate: leaf,
        cabundle: [root, zone],
        public_key: null,
        user_data: new Uint8Array(64).fill(0x51),
        nonce: null,
        ...options.fields,
      }).filter(([, value]) => value !== undefined),
    );
  }

  async document(timestampMs: number, options: NitroOptions = {}): Promise<Uint8Array> {
    const payload = options.payload ?? encode(this.payloadFields(options, timestampMs));
    const signed = encode(["Signature1", PROTECTED, new Uint8Array(), payload]);
    const signature = await this.leafKey.signRaw(signed);
    return concatBytes(Uint8Array.of(0x84, 0x44), PROTECTED, Uint8Array.of(0xa0), encode(payload), encode(signature));
  }

  /** What /dev/nsm answers to a request for a document. */
  async answer(request: Uint8Array, nowMs: number): Promise<Uint8Array> {
    // A request that the source under test made; another one fails the test.
    const { Attestation: fields } = decode(request) as { readonly Attestation: Readonly<Record<string, unknown>> };
    return encode({ Attestation: { document: await this.document(nowMs, { fields }) } });
  }
}
