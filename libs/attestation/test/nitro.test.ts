import { beforeAll, describe, expect, it } from "@jest/globals";
import { verifyCase } from "@cloister/attestation/conformance";
import { NitroAuthenticator, nitroVerifier } from "@cloister/attestation/nitro";
import { TestNitro, countOutcomes, flips, type NitroOptions } from "@cloister/testing/evidence";
import { concatBytes } from "@noble/hashes/utils.js";
import { encode } from "cborg";
import fc from "fast-check";
import { laterRefusalOf } from "./refusal.ts";
import { describeWithVectors, vector } from "./shared-vectors.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const nobody = { keys: [], redaction: [], "enclave-inference": [], embedding: [] };
const policy = { measurements: nobody, simulatedRoots: [], hardware: { "aws-nitro": {} } };
let nitro: TestNitro;
let authenticator: NitroAuthenticator;

beforeAll(async () => {
  nitro = await TestNitro.make();
  authenticator = new NitroAuthenticator([nitro.rootSha256Hex]);
});

const authenticate = (document: Uint8Array, atMs = nowMs, by = authenticator) =>
  laterRefusalOf(() => by.authenticate(document, atMs));
const refusalOfFields = async (fields: NonNullable<NitroOptions["fields"]>) =>
  authenticate(await nitro.document(nowMs, { fields }));

/** The same map with an indefinite length, as the hypervisor writes it. */
function indefinite(fields: ReadonlyMap<string, unknown>): Uint8Array {
  const entries = [...fields].flatMap(([name, value]) => [encode(name), encode(value)]);
  return concatBytes(Uint8Array.of(0xbf), ...entries, Uint8Array.of(0xff));
}

describe("a document of AWS Nitro Enclaves", () => {
  it("is authentic, with what it says and the region of its enclave", async () => {
    const verified = await authenticator.authenticate(await nitro.document(nowMs), nowMs);
    expect({ ...verified, certificate: undefined, cabundle: verified.cabundle.length }).toEqual({
      moduleId: "i-0123456789abcdef0-enc0123456789abcdef",
      timestampMs: nowMs,
      pcrs: new Map([[0, new Uint8Array(48).fill(0x50)]]),
      certificate: undefined,
      cabundle: 2,
      publicKey: undefined,
      userData: new Uint8Array(64).fill(0x51),
      nonce: undefined,
      region: "eu-central-1",
    });
  });

  it("is authentic with its tag and with a payload of indefinite length", async () => {
    const payload = indefinite(nitro.payloadFields({}, nowMs));
    const document = await nitro.document(nowMs, { payload });
    expect([await authenticate(document), await authenticate(Uint8Array.of(0xd2, ...document))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("may bring a public key and a nonce, or leave them out", async () => {
    const [publicKey, nonce] = [new Uint8Array(294).fill(1), new Uint8Array(32).fill(2)];
    const brought = await nitro.document(nowMs, { fields: { public_key: publicKey, nonce } });
    const verified = await authenticator.authenticate(brought, nowMs);
    expect([verified.publicKey, verified.nonce]).toEqual([publicKey, nonce]);
    expect(await refusalOfFields({ public_key: undefined, nonce: undefined })).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>]>([
    ["a field that nobody knows", { extra: 1 }],
    ["no module", { module_id: undefined }],
    ["an empty module", { module_id: "" }],
    ["a module of bytes", { module_id: new Uint8Array(4) }],
    ["another digest", { digest: "SHA256" }],
    ["no time", { timestamp: undefined }],
    ["the time 0", { timestamp: 0 }],
    ["a time before 1970", { timestamp: -1 }],
    ["a time that isn't whole", { timestamp: 1.5 }],
    ["no registers", { pcrs: undefined }],
    ["registers in a list", { pcrs: [new Uint8Array(48)] }],
    ["a register beyond the last", { pcrs: new Map([[32, new Uint8Array(48)]]) }],
    ["a register before the first", { pcrs: new Map([[-1, new Uint8Array(48)]]) }],
    ["a register between two", { pcrs: new Map([[0.5, new Uint8Array(48)]]) }],
    ["a register by name", { pcrs: new Map([["0", new Uint8Array(48)]]) }],
    ["a register of text", { pcrs: new Map([[0, "0".repeat(48)]]) }],
    ["a register of another length", { pcrs: new Map([[0, new Uint8Array(32)]]) }],
    ["no certificate", { certificate: undefined }],
    ["an empty certificate", { certificate: new Uint8Array() }],
    ["a certificate that isn't one", { certificate: new Uint8Array(8) }],
    ["no authorities", { cabundle: [] }],
    ["an authority that is text", { cabundle: ["root"] }],
    ["authorities that are text", { cabundle: "root" }],
    ["too many authorities", { cabundle: Array.from({ length: 8 }, () => Uint8Array.of(0x30, 0)) }],
    ["too long user data", { user_data: new Uint8Array(1025) }],
    ["a too long nonce", { nonce: new Uint8Array(1025) }],
    ["a too long public key", { public_key: new Uint8Array(1025) }],
    ["an empty public key", { public_key: new Uint8Array() }],
    ["user data of text", { user_data: "51".repeat(64) }],
    ["a nonce that is a number", { nonce: 5 }],
    ["a time of text", { timestamp: String(nowMs) }],
    ["a time beyond whole numbers", { timestamp: 2n ** 63n }],
    ["no digest", { digest: undefined }],
    ["a digest of nothing", { digest: null }],
    ["a too long module", { module_id: "i".repeat(129) }],
    ["no register at all", { pcrs: new Map() }],
    ["a register of nothing", { pcrs: new Map([[0, null]]) }],
    ["an empty register", { pcrs: new Map([[0, new Uint8Array()]]) }],
    ["a register of another digest", { pcrs: new Map([[0, new Uint8Array(64)]]) }],
    ["no authorities' list", { cabundle: undefined }],
    ["an empty authority", { cabundle: [new Uint8Array()] }],
    ["a too long authority", { cabundle: [new Uint8Array(1025)] }],
    ["a too long certificate", { certificate: new Uint8Array(1025) }],
  ])("is refused with %s", async (_name, fields) => {
    expect(await refusalOfFields(fields)).toBe("EVIDENCE_MALFORMED");
  });

  it.each<[string, Uint8Array]>([
    ["no map", encode([1, 2])],
    ["a number", encode(5)],
    ["nothing", encode(null)],
    ["no CBOR", Uint8Array.of(0xff)],
    ["a field twice", Uint8Array.of(0xa2, ...encode("digest"), ...encode("SHA384"), ...encode("digest"), 0x01)],
    ["lists in lists in lists", new Uint8Array(12_000).fill(0x81)],
    ["maps in maps in maps", new Uint8Array(12_000).fill(0xbf)],
    ["a map without its end", Uint8Array.of(0xbf, ...encode("digest"), ...encode("SHA384"))],
    ["a length that isn't the shortest", Uint8Array.of(0xb8, 1, ...encode("digest"), ...encode("SHA384"))],
    ["a name whose length isn't the shortest", Uint8Array.of(0xa1, 0x78, 6, ...Buffer.from("digest"), 0x01)],
    ["a tagged value", Uint8Array.of(0xa1, ...encode("timestamp"), 0xc1, 0x01)],
    ["a tagged map", Uint8Array.of(0xd9, 0xd9, 0xf7, 0xa0)],
    ["a value that is undefined", Uint8Array.of(0xa1, ...encode("nonce"), 0xf7)],
    ["more bytes than promised", Uint8Array.of(0xa1, ...encode("nonce"), 0x5b, 0, 0, 0, 1, 0, 0, 0, 0)],
    ["more entries than any", Uint8Array.of(0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ["followed by more", Uint8Array.of(...encode({}), 0)],
  ])("is refused with a payload that is %s", async (_name, payload) => {
    expect(await authenticate(await nitro.document(nowMs, { payload }))).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused with a register twice", async () => {
    const fields = [...nitro.payloadFields({}, nowMs)].filter(([name]) => name !== "pcrs");
    const register = concatBytes(encode(0), encode(new Uint8Array(48)));
    const twice = concatBytes(encode("pcrs"), Uint8Array.of(0xa2), register, register);
    const entries = fields.flatMap(([name, value]) => [encode(name), encode(value)]);
    const payload = concatBytes(Uint8Array.of(0xa0 + fields.length + 1), ...entries, twice);
    expect(await authenticate(await nitro.document(nowMs, { payload }))).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused in another encoding of a payload that is right otherwise", async () => {
    const fields = [...nitro.payloadFields({}, nowMs)];
    const entries = fields.map(([name, value]) => concatBytes(encode(name), encode(value)));
    const whole = (head: Uint8Array, last = entries.at(-1) ?? Uint8Array.of()) =>
      concatBytes(head, ...entries.slice(0, -1), last);
    const head = Uint8Array.of(0xa0 + fields.length);
    const payloads = [
      whole(head),
      whole(Uint8Array.of(0xb8, fields.length)),
      whole(head, concatBytes(encode("nonce"), Uint8Array.of(0xf7))),
      whole(head, concatBytes(Uint8Array.of(0x78, 5), Buffer.from("nonce"), Uint8Array.of(0xf6))),
    ];
    const outcomes = payloads.map(async (payload) => authenticate(await nitro.document(nowMs, { payload })));
    expect(await Promise.all(outcomes)).toEqual([undefined, ...Array<string>(3).fill("EVIDENCE_MALFORMED")]);
  });

  it("is refused in another frame around what was signed", async () => {
    const document = await nitro.document(nowMs);
    const payload = encode(nitro.payloadFields({}, nowMs));
    const [start, signature] = [document.subarray(0, 7), document.subarray(-96)];
    const frame = (...parts: Uint8Array[]) => concatBytes(start, ...parts);
    const long = Uint8Array.of(0x5a, 0, 0, payload.length >> 8, payload.length & 0xff);
    const frames = [
      frame(long, payload, encode(signature)),
      frame(Uint8Array.of(0x5f), encode(payload), Uint8Array.of(0xff), encode(signature)),
      frame(encode(payload), Uint8Array.of(0x5f), encode(signature), Uint8Array.of(0xff)),
      frame(encode(payload), encode(signature.subarray(1))),
      frame(encode(payload), encode("signature")),
      frame(encode("payload"), encode(signature)),
    ];
    for (const one of frames) expect(await authenticate(one)).toBe("EVIDENCE_MALFORMED");
  });

  it("may say that its user data and its nonce are empty", async () => {
    const empty = { user_data: new Uint8Array(), nonce: new Uint8Array() };
    expect(await refusalOfFields(empty)).toBeUndefined();
    expect(
      await refusalOfFields({ user_data: new Uint8Array(1024), public_key: new Uint8Array(1024) }),
    ).toBeUndefined();
  });

  it("is refused with other headers, bytes behind it, or above 16 KiB", async () => {
    const document = await nitro.document(nowMs);
    const withHeader = Uint8Array.of(...document.subarray(0, 6), 0xa1, 0x04, 0x41, 0x00, ...document.subarray(7));
    const wrong = [withHeader, Uint8Array.of(...document, 0), document.subarray(1), new Uint8Array(16_385).fill(0x84)];
    for (const one of wrong) expect(await authenticate(one)).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused under another root than AWS's", async () => {
    expect(await authenticate(await nitro.document(nowMs), nowMs, new NitroAuthenticator())).toBe("ROOT_NOT_TRUSTED");
  });

  it("is refused with authorities that don't follow each other", async () => {
    const [root, zone] = nitro.certificates;
    const other = await TestNitro.make();
    expect([
      await refusalOfFields({ cabundle: [root] }),
      await refusalOfFields({ cabundle: [root, other.certificates[1]] }),
      await refusalOfFields({ cabundle: [root, zone, zone] }),
    ]).toEqual(["SIGNATURE_INVALID", "SIGNATURE_INVALID", "SIGNATURE_INVALID"]);
  });

  it("is refused with a certificate that is an authority's, or another enclave's", async () => {
    const [root, zone] = nitro.certificates;
    expect([
      await refusalOfFields({ certificate: zone, cabundle: [root] }),
      await refusalOfFields({ module_id: "i-0123456789abcdef0-enc0123456789abcde0" }),
    ]).toEqual(["SIGNATURE_INVALID", "SIGNATURE_INVALID"]);
  });

  it("is refused when somebody else signed it", async () => {
    const other = await TestNitro.make();
    const payload = encode(nitro.payloadFields({}, nowMs));
    expect(await authenticate(await other.document(nowMs, { payload }))).toBe("SIGNATURE_INVALID");
  });

  it("is refused when the key of its certificate is for something else", async () => {
    const other = await TestNitro.make("eu-central-1", undefined, 0x08);
    const by = new NitroAuthenticator([other.rootSha256Hex]);
    expect(await authenticate(await other.document(nowMs), nowMs, by)).toBe("SIGNATURE_INVALID");
  });

  it("is refused when its certificate has ended", async () => {
    const ended = await TestNitro.make("eu-central-1", nowMs - 1000);
    const by = new NitroAuthenticator([ended.rootSha256Hex]);
    expect(await authenticate(await ended.document(nowMs), nowMs, by)).toBe("EVIDENCE_EXPIRED");
  });

  it("is refused with any byte changed", async () => {
    const document = await nitro.document(nowMs);
    const outcomes = await countOutcomes(flips(document), async (one) => (await authenticate(one)) ?? "accepted");
    expect(outcomes["accepted"]).toBeUndefined();
  }, 60_000);

  it("is refused with a code and never crashes, whatever its bytes", async () => {
    const document = await nitro.document(nowMs);
    const cut = fc.nat(document.length - 1).map((length) => document.subarray(0, length));
    const payload = fc
      .uint8Array({ maxLength: 2048 })
      .map((bytes) => concatBytes(document.subarray(0, 7), encode(bytes), encode(new Uint8Array(96))));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), cut, payload), async (bytes) => {
        expect(await authenticate(bytes)).toBe("EVIDENCE_MALFORMED");
      }),
    );
  });
});

describe("evidence of a Nitro enclave", () => {
  const claimsOf = async (options: NitroOptions, hardware = policy.hardware) =>
    nitroVerifier(authenticator).verify(await nitro.document(nowMs, options), { ...policy, hardware }, nowMs);

  it("claims PCR0, the user data, its time and its region", async () => {
    expect(await claimsOf({})).toEqual({
      measurement: new Uint8Array(48).fill(0x50),
      reportData: new Uint8Array(64).fill(0x51),
      issuedAtMs: nowMs,
      region: "eu-central-1",
    });
  });

  it("is refused of an enclave that was started for debugging", async () => {
    const pcrs = new Map([[0, new Uint8Array(48)]]);
    expect(await laterRefusalOf(() => claimsOf({ pcrs }))).toBe("GUEST_NOT_ALLOWED");
  });

  it("counts with zeros in its register, if not with zeros alone, and with the last register", async () => {
    const image = new Uint8Array(48).fill(5).with(7, 0);
    const pcrs = new Map([0, 31].map((index) => [index, image]));
    expect((await claimsOf({ pcrs })).measurement).toEqual(image);
  });

  it("is refused without PCR0, without user data, and with user data of another length", async () => {
    const refusals = [
      { pcrs: new Map([[1, new Uint8Array(48)]]) },
      { fields: { user_data: null } },
      { fields: { user_data: new Uint8Array(63) } },
    ];
    for (const options of refusals) {
      expect(await laterRefusalOf(() => claimsOf(options))).toBe("EVIDENCE_MALFORMED");
    }
  });

  it("has the registers that the policy demands, or is refused", async () => {
    const pcrs = new Map([0, 8].map((index) => [index, new Uint8Array(48).fill(index + 1)]));
    const demand = (index: string, byte: number) => ({
      "aws-nitro": { pcrs: { [index]: new Uint8Array(48).fill(byte) } },
    });
    expect([
      await laterRefusalOf(() => claimsOf({ pcrs }, demand("8", 9))),
      await laterRefusalOf(() => claimsOf({ pcrs }, demand("8", 1))),
      await laterRefusalOf(() => claimsOf({ pcrs }, demand("3", 0))),
    ]).toEqual([undefined, "MEASUREMENT_NOT_ALLOWED", "MEASUREMENT_NOT_ALLOWED"]);
  });
});

describe("a case of AWS Nitro", () => {
  const outcomeOf = async (changes: object, options: NitroOptions = {}) => {
    const outcome = await verifyCase(
      {
        schema_version: "1",
        nitro_document_b64: Buffer.from(await nitro.document(nowMs, options)).toString("base64"),
        root_sha256_hex: nitro.rootSha256Hex,
        expiration_check_date_unix: nowMs / 1000,
        ...changes,
      },
      0,
    );
    return [outcome.exitCode, outcome.output.rejection?.code];
  };

  it("is accepted with what its policy expects, and shows the document", async () => {
    const policy = {
      expected_pcrs_hex: { 0: "50".repeat(48) },
      expected_user_data_hex: "51".repeat(64),
      enforce_spec_defaults: true,
    };
    expect(await outcomeOf({ policy })).toEqual([0, undefined]);
  });

  it.each<[string, number, string, object]>([
    ["another register", 10, "MEASUREMENT_NOT_ALLOWED", { policy: { expected_pcrs_hex: { 0: "51".repeat(48) } } }],
    [
      "a register that it lacks",
      10,
      "MEASUREMENT_NOT_ALLOWED",
      { policy: { expected_pcrs_hex: { 9: "00".repeat(48) } } },
    ],
    ["other user data", 10, "REPORT_DATA_MISMATCH", { policy: { expected_user_data_hex: "00" } }],
    ["a nonce that it lacks", 10, "NONCE_MISMATCH", { policy: { expected_nonce_hex: "00" } }],
    ["a public key that it lacks", 10, "REPORT_DATA_MISMATCH", { policy: { expected_public_key_hex: "00" } }],
    ["AWS's root", 10, "ROOT_NOT_TRUSTED", { root_sha256_hex: null }],
    ["a clock after its certificates", 10, "EVIDENCE_EXPIRED", { expiration_check_date_unix: 3_000_000_000 }],
    ["a demand that this build doesn't know", 20, "UNSUPPORTED", { policy: { expected_region: "eu-central-1" } }],
    ["another schema", 30, "INPUT_MALFORMED", { schema_version: "3" }],
    ["no base64", 30, "INPUT_MALFORMED", { nitro_document_b64: "?" }],
    ["no document", 10, "EVIDENCE_MALFORMED", { nitro_document_b64: "" }],
  ])("isn't accepted with %s", async (_name, exitCode, code, changes) => {
    expect(await outcomeOf(changes)).toEqual([exitCode, code]);
  });

  it("may have bytes around its document, of which none but those right around it count", async () => {
    const document = await nitro.document(nowMs);
    const within = (before: number, bytes: Uint8Array, after: number) => ({
      nitro_document_b64: Buffer.concat([new Uint8Array(before), bytes, new Uint8Array(after)]).toString("base64"),
    });
    expect([
      await outcomeOf(within(64, document, 100_000)),
      await outcomeOf(within(2, document.with(-1, (document.at(-1) ?? 0) ^ 1), 0)),
      await outcomeOf(within(2, Uint8Array.of(0x84, 0x44, 0xa1, ...document), 0)),
      await outcomeOf(within(65, document, 0)),
      await outcomeOf(within(4, document.subarray(0, -1), 0)),
    ]).toEqual([
      [0, undefined],
      [10, "SIGNATURE_INVALID"],
      [0, undefined],
      [10, "EVIDENCE_MALFORMED"],
      [10, "EVIDENCE_MALFORMED"],
    ]);
  });

  it("is rejected of an enclave that was started for debugging where defaults are enforced", async () => {
    const pcrs = new Map([[0, new Uint8Array(48)]]);
    expect([
      await outcomeOf({ policy: { enforce_spec_defaults: true } }, { pcrs }),
      await outcomeOf({}, { pcrs }),
    ]).toEqual([
      [10, "GUEST_NOT_ALLOWED"],
      [0, undefined],
    ]);
  });
});

describeWithVectors("a document of a real enclave", () => {
  const byAws = new NitroAuthenticator();
  const documents = [
    ["nitro/document-2025-12-25T131537Z.bin", 1_766_668_537_578],
    ["nitro/document-2025-12-25T160419Z.bin", 1_766_678_659_346],
  ] as const;

  /** The files have four bytes of their carrier before the document, and zeros behind it. */
  function documentIn(file: string): Uint8Array {
    const bytes = vector(file).subarray(4);
    const payloadBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint16(8);
    return bytes.subarray(0, 10 + payloadBytes + 2 + 96);
  }

  it.each(documents)("counts in a case with what stands around it, and as evidence without: %s", async (file, atMs) => {
    const bytes = vector(file);
    const { exitCode, output } = await verifyCase(
      { schema_version: "1", nitro_document_b64: Buffer.from(bytes).toString("base64") },
      atMs,
    );
    const after = bytes.length - 4 - documentIn(file).length;
    expect([exitCode, output.outputs?.["ignored_bytes"]]).toEqual([0, { before: 4, after }]);
    expect(await authenticate(bytes, atMs, byAws)).toBe("EVIDENCE_MALFORMED");
  });

  it.each(documents)("is authentic at its own time and expired today: %s", async (file, timestampMs) => {
    const verified = await byAws.authenticate(documentIn(file), timestampMs);
    expect([verified.timestampMs, verified.region]).toEqual([timestampMs, "us-east-1"]);
    expect(await authenticate(documentIn(file), nowMs, byAws)).toBe("EVIDENCE_EXPIRED");
  });

  const slowly = 60_000;
  it.each(documents)(
    "is refused with any byte changed: %s",
    async (file, timestampMs) => {
      const outcomes = await countOutcomes(
        flips(documentIn(file)),
        async (one) => (await authenticate(one, timestampMs, byAws)) ?? "accepted",
      );
      expect(outcomes["accepted"]).toBeUndefined();
    },
    slowly,
  );
});
