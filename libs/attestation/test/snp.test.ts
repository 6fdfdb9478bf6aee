import { beforeAll, describe, expect, it } from "@jest/globals";
import { AttestationError } from "@cloister/attestation";
import {
  encodeSnpEvidence,
  SnpAuthenticator,
  type SnpFault,
  snpFaults,
  snpProducts,
  snpVerifier,
} from "@cloister/attestation/sev-snp";
import {
  SOUND_POLICY,
  TestAmd,
  TestKey,
  authority,
  chipIdOf,
  countOutcomes,
  flips,
  ia5,
  integer,
  keyUsage,
  levels,
  makeCertificate,
  makeRevocationList,
  octets,
  type ReportOptions,
} from "@cloister/testing/evidence";
import { bytesToHex } from "@noble/hashes/utils.js";
import { encode } from "cborg";
import fc from "fast-check";
import { laterRefusalOf } from "./refusal.ts";
import { describeWithVectors, vector } from "./shared-vectors.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
let amd: TestAmd;
let authenticator: SnpAuthenticator;

beforeAll(async () => {
  amd = await TestAmd.make();
  authenticator = new SnpAuthenticator(amd);
});

/** The fault that evidence is refused for; "accepted" if it isn't. Other errors are bugs and pass on. */
async function outcomeOf(authenticated: Promise<unknown>): Promise<string> {
  try {
    await authenticated;
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError && error.fault !== undefined && error.fault in snpFaults) return error.fault;
    throw error;
  }
}

const authenticate = (report: Uint8Array, key: Uint8Array, atMs = nowMs, by = authenticator) =>
  outcomeOf(by.authenticate(report, { endorsementKey: key }, atMs));

describe("a report of SEV-SNP", () => {
  const kinds = ["vcek", "vlek"] as const;
  const versions = [2, 3, 5];
  const machines = snpProducts.flatMap((product) =>
    kinds.flatMap((kind) => versions.map((version) => ({ product, kind, version }))),
  );

  it.each(machines)("is authentic in version $version of $product by its $kind", async ({ product, kind, version }) => {
    const tcb = product === "turin" ? { ...levels, fmc: 1 } : levels;
    const key = await amd.endorse({ product, kind, tcb });
    const report = await amd.report({ product, kind, version, tcb });
    const verified = await authenticator.authenticate(report, { endorsementKey: key }, nowMs);
    expect({ ...verified, report: verified.report.version }).toEqual({
      report: version,
      product,
      signingKey: kind,
      reportedTcb: tcb,
    });
  });

  it.each<[string, SnpFault, ReportOptions]>([
    ["of version 1", "WRONG_REPORT_VERSION", { version: 1 }],
    ["of version 4", "WRONG_REPORT_VERSION", { version: 4 }],
    ["of version 6", "WRONG_REPORT_VERSION", { version: 6 }],
    ["by another algorithm", "REPORT_FORMAT_UNSUPPORTED", { change: (report) => report.fill(2, 0x34, 0x35) }],
    [
      "with something before its report data",
      "REPORT_FORMAT_UNSUPPORTED",
      { change: (report) => report.fill(1, 0x4c, 0x4d) },
    ],
    [
      "with something behind its processor",
      "REPORT_FORMAT_UNSUPPORTED",
      { change: (report) => report.fill(1, 0x18b, 0x18c) },
    ],
    [
      "of version 2 with a processor",
      "REPORT_FORMAT_UNSUPPORTED",
      { version: 2, change: (report) => report.fill(1, 0x188, 0x189) },
    ],
    [
      "of version 3 with mitigations",
      "REPORT_FORMAT_UNSUPPORTED",
      { version: 3, change: (report) => report.fill(1, 0x1f8, 0x1f9) },
    ],
    ["with something at its end", "REPORT_FORMAT_UNSUPPORTED", { change: (report) => report.fill(1, 0x29f, 0x2a0) }],
    ["of another chip", "VCEK_HWID_MISMATCH", { chipId: new Uint8Array(64).fill(2) }],
    ["that hides its chip", "VCEK_HWID_MISMATCH", { chipId: new Uint8Array(64) }],
    ["of an older bootloader", "VCEK_TCB_MISMATCH", { tcb: { ...levels, bootloader: 3 } }],
    ["of another TEE", "VCEK_TCB_MISMATCH", { tcb: { ...levels, tee: 2 } }],
    ["of an older SNP", "VCEK_TCB_MISMATCH", { tcb: { ...levels, snp: 21 } }],
    ["of newer microcode", "VCEK_TCB_MISMATCH", { tcb: { ...levels, microcode: 214 } }],
    ["that a VLEK should have signed", "SIGNER_INFO_INVALID", { signerInfo: 1 << 2 }],
    ["that nobody should have signed", "SIGNER_INFO_INVALID", { signerInfo: 7 << 2 }],
  ])("is refused %s", async (_name, fault, options) => {
    expect(await authenticate(await amd.report(options), await amd.endorse())).toBe(fault);
  });

  it("may have mitigations in version 5", async () => {
    const report = await amd.report({ version: 5, change: (bytes) => bytes.fill(1, 0x1f8, 0x208) });
    expect(await authenticate(report, await amd.endorse())).toBe("accepted");
  });

  it.each([
    [0, "REPORT_TRUNCATED"],
    [1183, "REPORT_TRUNCATED"],
    [1185, "REPORT_FORMAT_UNSUPPORTED"],
  ])("is refused with %d bytes", async (length, fault) => {
    const report = new Uint8Array(length);
    report.set((await amd.report()).subarray(0, length));
    expect(await authenticate(report, await amd.endorse())).toBe(fault);
  });

  it("is refused with Turin's chip id where other bytes follow it", async () => {
    const chipId = new Uint8Array(64).fill(0xc1);
    const report = await amd.report({ product: "turin", chipId });
    expect(await authenticate(report, await amd.endorse({ product: "turin" }))).toBe("VCEK_HWID_MISMATCH");
  });

  it("is refused with another firmware configuration of Turin", async () => {
    const report = await amd.report({ product: "turin", tcb: { ...levels, fmc: 2 } });
    expect(await authenticate(report, await amd.endorse({ product: "turin" }))).toBe("VCEK_TCB_MISMATCH");
  });

  it("is refused when somebody else signed it", async () => {
    const other = await TestAmd.make();
    expect(await authenticate(await other.report(), await amd.endorse())).toBe("REPORT_SIGNATURE_INVALID");
  });
});

describe("the certificate of a chip's key", () => {
  it("counts with its id wrapped as DER", async () => {
    const hardwareId = octets(chipIdOf("milan"));
    expect(await authenticate(await amd.report(), await amd.endorse({ hardwareId }))).toBe("accepted");
  });

  it.each<[string, () => Promise<Uint8Array>]>([
    ["nothing", () => Promise.resolve(new Uint8Array())],
    ["no extensions", () => amd.endorse({ extensions: [] })],
    ["another product", () => amd.endorse({ values: { "2": ia5("Rome-B0") } })],
    ["no product", () => amd.endorse({ values: { "2": undefined } })],
    ["a product that is no text", () => amd.endorse({ values: { "2": integer(1) } })],
    ["neither a chip's nor a provider's", () => amd.endorse({ values: { "4": undefined } })],
    ["both a chip's and a provider's", () => amd.endorse({ values: { "5": ia5("cloud") } })],
    ["no bootloader", () => amd.endorse({ values: { "3.1": undefined } })],
    ["a patch level beyond a byte", () => amd.endorse({ values: { "3.8": integer(256) } })],
    ["a key of another curve", async () => amd.endorse({ key: await TestKey.make("p256") })],
    ["a wrapped id of another length", () => amd.endorse({ hardwareId: octets(new Uint8Array(63)) })],
    ["an id of another length", () => amd.endorse({ hardwareId: new Uint8Array(63) })],
    ["Turin's id on Milan", () => amd.endorse({ hardwareId: chipIdOf("turin") })],
    ["the authority's own certificate", () => Promise.resolve(amd.ask)],
  ])("is refused as %s", async (_name, make) => {
    expect(await authenticate(await amd.report(), await make())).toBe("VCEK_CHAIN_INVALID");
  });

  it("is refused by the roots of AMD when somebody else signed it", async () => {
    const byAmd = new SnpAuthenticator();
    expect(await authenticate(await amd.report(), await amd.endorse(), nowMs, byAmd)).toBe("VCEK_CHAIN_INVALID");
  });

  it("is refused after its end", async () => {
    const key = await amd.endorse({ notAfterMs: nowMs - 1000 });
    expect(await authenticate(await amd.report(), key)).toBe("VCEK_EXPIRED");
  });

  it("is refused before its beginning", async () => {
    expect(await authenticate(await amd.report(), await amd.endorse(), Date.UTC(2019, 0))).toBe("VCEK_EXPIRED");
  });
});

describe("the authorities of a chip's key", () => {
  const refusedWith = async (authorities: ConstructorParameters<typeof SnpAuthenticator>[0]) =>
    authenticate(
      await amd.report(),
      await amd.endorse(),
      nowMs,
      new SnpAuthenticator({ ark: amd.ark, ask: amd.ask, ...authorities }),
    );

  it("are refused when they are no certificates", async () => {
    const nothing = Uint8Array.of(0x30, 0);
    expect([await refusedWith({ ask: nothing }), await refusedWith({ ark: nothing })]).toEqual([
      "ASK_INVALID",
      "ARK_UNTRUSTED",
    ]);
  });

  it("are refused when the root didn't sign the authority", async () => {
    const { authorityKey } = amd;
    const fields = { subject: "SEV-Test", issuer: "ARK-Test", key: authorityKey, signer: authorityKey };
    const ask = await makeCertificate({ ...fields, extensions: [authority(0)] });
    expect(await refusedWith({ ask })).toBe("ASK_INVALID");
  });

  it("are refused when the authority may not sign certificates", async () => {
    const fields = { subject: "SEV-Test", issuer: "ARK-Test", key: amd.authorityKey, signer: amd.rootKey };
    const ask = await makeCertificate({ ...fields, extensions: [authority(0), keyUsage(0x80)] });
    expect(await refusedWith({ ask })).toBe("ASK_INVALID");
  });

  it("are refused when the authority is expired", async () => {
    const fields = { subject: "SEV-Test", issuer: "ARK-Test", key: amd.authorityKey, signer: amd.rootKey };
    const ask = await makeCertificate({ ...fields, notAfterMs: nowMs - 1000, extensions: [authority(0)] });
    expect(await refusedWith({ ask })).toBe("ASK_INVALID");
  });

  it("are refused when the root isn't signed by itself", async () => {
    const fields = { subject: "ARK-Test", issuer: "ARK-Test", key: amd.rootKey, signer: amd.authorityKey };
    const ark = await makeCertificate({ ...fields, extensions: [authority()] });
    expect(await refusedWith({ ark })).toBe("ARK_UNTRUSTED");
  });

  it("are AMD's where none are given", async () => {
    const foreign = new SnpAuthenticator({ ark: amd.ark });
    expect(await authenticate(await amd.report(), await amd.endorse(), nowMs, foreign)).toBe("ARK_UNTRUSTED");
  });
});

describe("evidence of SEV-SNP", () => {
  const hardware = { "sev-snp": { minimumTcb: { milan: levels } } };
  const nobody = { keys: [], redaction: [], "enclave-inference": [], embedding: [] };
  const policy = { measurements: nobody, simulatedRoots: [], hardware };
  const claimsOf = async (options: ReportOptions, under = policy) => {
    const { product = "milan", kind = "vcek", tcb = levels } = options;
    const body = encodeSnpEvidence({
      report: await amd.report(options),
      endorsementKey: await amd.endorse({ product, kind, tcb }),
    });
    return snpVerifier(authenticator).verify(body, under, nowMs);
  };
  const faultOf = async (options: ReportOptions, under = policy) =>
    outcomeOf(Promise.resolve(claimsOf(options, under)));

  it("claims the measurement, the report data and the chip, and no time", async () => {
    expect(await claimsOf({})).toEqual({
      measurement: new Uint8Array(48).fill(0x52),
      reportData: new Uint8Array(64).fill(0x51),
      platformIdHex: bytesToHex(chipIdOf("milan")),
    });
  });

  it("names no chip that a cloud provider's key signs for", async () => {
    expect(await claimsOf({ kind: "vlek" })).not.toHaveProperty("platformIdHex");
  });

  it.each<[string, SnpFault, ReportOptions]>([
    ["may be debugged", "GUEST_POLICY_DEBUG_SET", { policy: SOUND_POLICY | (1n << 19n) }],
    ["may be taken elsewhere", "GUEST_POLICY_MIGRATE_MA_SET", { policy: SOUND_POLICY | (1n << 18n) }],
    ["has an unknown policy bit", "GUEST_POLICY_RESERVED_BIT_SET", { policy: SOUND_POLICY | (1n << 26n) }],
    ["has the highest policy bit", "GUEST_POLICY_RESERVED_BIT_SET", { policy: SOUND_POLICY | (1n << 63n) }],
    ["lacks the policy bit that is one", "GUEST_POLICY_RESERVED_BIT_SET", { policy: 1n << 16n }],
    [
      "has a policy bit of version 5 in version 3",
      "GUEST_POLICY_RESERVED_BIT_SET",
      { policy: SOUND_POLICY | (1n << 25n) },
    ],
    ["runs on a platform of version 5 in version 3", "PLATFORM_INFO_INVALID", { platformInfo: 1n << 7n }],
    ["runs on an unknown platform", "PLATFORM_INFO_INVALID", { platformInfo: 1n << 6n }],
    ["runs on a platform of later days", "PLATFORM_INFO_INVALID", { platformInfo: 1n << 8n }],
    ["has an unknown signer", "SIGNER_INFO_INVALID", { signerInfo: 1 << 5 }],
    ["masks the key that signed", "SIGNER_INFO_INVALID", { signerInfo: 2 }],
    [
      "has an author's digest without an author",
      "SIGNER_INFO_INVALID",
      { change: (report) => report.fill(1, 0x110, 0x140) },
    ],
    ["was given data by its host", "HOST_DATA_MISMATCH", { hostData: new Uint8Array(32).fill(1) }],
    ["runs on an older bootloader", "TCB_OUT_OF_DATE", { tcb: { ...levels, bootloader: 3 } }],
    ["runs on an older SNP, with newer microcode", "TCB_OUT_OF_DATE", { tcb: { ...levels, snp: 21, microcode: 250 } }],
    ["runs on a processor that the policy doesn't name", "TCB_OUT_OF_DATE", { product: "genoa" }],
  ])("is refused where the guest %s", async (_name, fault, options) => {
    expect(await faultOf(options)).toBe(fault);
  });

  it("is refused unless its body is a report and a certificate, of 16 KiB together", async () => {
    const [report, endorsementKey] = [await amd.report(), await amd.endorse()];
    const bodies = [
      encodeSnpEvidence({ report, endorsementKey: new Uint8Array(16 * 1024) }),
      ...[
        [report],
        ["report", endorsementKey],
        [report, "key"],
        [report, endorsementKey, 1],
        [report, endorsementKey, null],
        [report, endorsementKey, report, 1],
        { report },
      ].map((body) => encode(body)),
    ];
    for (const body of bodies) {
      const verdict = await laterRefusalOf(async () => snpVerifier(authenticator).verify(body, policy, nowMs));
      expect(verdict).toBe("EVIDENCE_MALFORMED");
    }
  });

  it("is refused from a less privileged level of the guest", async () => {
    expect(await laterRefusalOf(() => claimsOf({ vmpl: 1 }))).toBe("GUEST_NOT_ALLOWED");
  });

  it("may have what came with version 5 in version 5", async () => {
    const later = { version: 5, policy: SOUND_POLICY | (1n << 25n), platformInfo: 1n << 7n };
    expect(await faultOf(later)).toBe("accepted");
  });

  it("counts from a guest that demands a single socket, and with an author's digest where there is one", async () => {
    const withAuthor = { signerInfo: 1, change: (report: Uint8Array) => report.fill(1, 0x110, 0x140) };
    expect([await faultOf({ policy: SOUND_POLICY | (1n << 20n) }), await faultOf(withAuthor)]).toEqual([
      "accepted",
      "accepted",
    ]);
  });

  it("counts with the host's data that the policy names", async () => {
    const hostData = new Uint8Array(32).fill(1);
    const named = {
      ...policy,
      hardware: { "sev-snp": { minimumTcb: { milan: levels }, hostData: [hostData.map(() => 2), hostData] } },
    };
    expect([await faultOf({ hostData }, named), await faultOf({}, named)]).toEqual(["accepted", "HOST_DATA_MISMATCH"]);
  });

  it("is refused under a policy that doesn't name SEV-SNP", async () => {
    expect(await faultOf({}, { ...policy, hardware: {} as typeof hardware })).toBe("TCB_OUT_OF_DATE");
  });

  it("brings AMD's list of revoked authorities along where the policy demands it, and is judged by it in any case", async () => {
    const list = (serials: number[]) => makeRevocationList({ issuer: "ARK-Test", signer: amd.rootKey, serials });
    const [report, endorsementKey] = [await amd.report(), await amd.endorse()];
    const required = { "sev-snp": { ...hardware["sev-snp"], revocationList: "required" as const } };
    const judged = (revocationList: Uint8Array | undefined, under: object) => {
      const body = encodeSnpEvidence({ report, endorsementKey, revocationList });
      return outcomeOf(Promise.resolve(snpVerifier(authenticator).verify(body, { ...policy, hardware: under }, nowMs)));
    };
    expect([
      await judged(await list([7]), required),
      await judged(undefined, required),
      await judged(await list([1]), required),
      await judged(await list([1]), hardware),
      await judged(new Uint8Array(), hardware),
    ]).toEqual(["accepted", "ARK_CRL_MISSING", "ASK_REVOKED", "ASK_REVOKED", "ARK_CRL_INVALID"]);
  });

  it("is refused in another encoding of the same", async () => {
    const report = await amd.report();
    const body = encodeSnpEvidence({ report, endorsementKey: await amd.endorse() });
    const wrapped = [Uint8Array.of(0x9f, ...body.subarray(1), 0xff), Uint8Array.of(...body, 0), body.subarray(1)];
    for (const one of wrapped) {
      const verified = laterRefusalOf(() => Promise.resolve(snpVerifier(authenticator).verify(one, policy, nowMs)));
      expect(await verified).toBe("EVIDENCE_MALFORMED");
    }
  });

  it("is refused with a code and never crashes, whatever its bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4096 }), async (body) => {
        const verified = laterRefusalOf(() => Promise.resolve(snpVerifier().verify(body, policy, nowMs)));
        expect(await verified).toBe("EVIDENCE_MALFORMED");
      }),
    );
  });

  it("is refused with any byte of its report or its certificate changed", async () => {
    const [report, key] = [await amd.report(), await amd.endorse()];
    const ofReport = await countOutcomes(flips(report), (changed) => authenticate(changed, key));
    const ofKey = await countOutcomes(flips(key), (changed) => authenticate(report, changed));
    expect([ofReport["accepted"], ofKey["accepted"]]).toEqual([undefined, undefined]);
    expect(Object.values(ofReport).reduce((sum, count) => sum + count)).toBe(report.length);
  }, 60_000);
});

describe("AMD's list of revoked authorities", () => {
  it("counts as it is, and not with any byte of it changed", async () => {
    const [report, endorsementKey] = [await amd.report(), await amd.endorse()];
    const list = await makeRevocationList({ issuer: "ARK-Test", signer: amd.rootKey, serials: [7] });
    const judge = (revocationList: Uint8Array) =>
      outcomeOf(authenticator.authenticate(report, { endorsementKey, revocationList }, nowMs));
    expect(await judge(list)).toBe("accepted");
    expect((await countOutcomes(flips(list), judge))["accepted"]).toBeUndefined();
  }, 60_000);
});

describeWithVectors("a report of a real machine", () => {
  const byAmd = new SnpAuthenticator();
  const clockMs = 1_780_272_000_000;

  it("is authentic by AMD's own authorities", async () => {
    const [report, key] = [vector("snp/milan-v2-report.bin"), vector("snp/milan-v2-vcek.der")];
    const verified = await byAmd.authenticate(report, { endorsementKey: key }, clockMs);
    expect([verified.product, verified.signingKey, verified.reportedTcb]).toEqual([
      "milan",
      "vcek",
      { fmc: 0, bootloader: 3, tee: 0, snp: 8, microcode: 115 },
    ]);
  });

  it("is refused with any byte of it or of its certificate changed", async () => {
    const [report, key] = [vector("snp/milan-v2-report.bin"), vector("snp/milan-v2-vcek.der")];
    const judge = (one: Uint8Array, other: Uint8Array) => authenticate(one, other, clockMs, byAmd);
    const ofReport = await countOutcomes(flips(report), (changed) => judge(changed, key));
    const ofKey = await countOutcomes(flips(key), (changed) => judge(report, changed));
    expect([ofReport["accepted"], ofKey["accepted"]]).toEqual([undefined, undefined]);
  }, 60_000);
});
