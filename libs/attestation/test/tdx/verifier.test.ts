import { describe, expect, it } from "@jest/globals";
import {
  AttestationError,
  encodeEvidence,
  type EvidenceExpectations,
  type EvidencePolicy,
  reportData,
  type TdxPolicy,
  verifyEvidence,
} from "@cloister/attestation";
import {
  decodeTdxEvidence,
  encodeTdxEvidence,
  parseTdxQuote,
  tdxMeasurement,
  type TdxCollateral,
  TdxTrust,
  tdxVerifier,
} from "@cloister/attestation/tdx";
import { encode } from "cborg";
import fc from "fast-check";
import { bindingAt, nonce } from "../binding.ts";
import { laterRefusalOf, refusalOf } from "../refusal.ts";
import * as made from "@cloister/testing/evidence/tdx";

const binding = bindingAt(made.nowMs);
const { collateral } = made;
const bound = { reportData: reportData(binding) };
const quote = made.quote({ guest: bound });
const measurement = tdxMeasurement(parseTdxQuote(quote, "refused").report);
const verifiers = [tdxVerifier(TdxTrust.fromPem(made.pem(made.root)))];
const expected: EvidenceExpectations = { nowMs: made.nowMs, role: "redaction", binding, nonce, verifiers };

function policyWith(tdx: TdxPolicy | undefined): EvidencePolicy {
  const allowed = [{ measurement, configurationDigest: binding.configurationDigest }];
  return {
    measurements: { keys: [], redaction: allowed, "enclave-inference": [], embedding: [] },
    simulatedRoots: [],
    hardware: { "intel-tdx": tdx },
  };
}

interface Change {
  readonly quote?: Uint8Array;
  readonly collateral?: Partial<TdxCollateral>;
  readonly policy?: TdxPolicy | undefined;
}

function verify(change: Change = {}) {
  const evidence = { quote: change.quote ?? quote, collateral: { ...collateral, ...change.collateral } };
  const tagged = encodeEvidence({ format: "intel-tdx", body: encodeTdxEvidence(evidence) });
  const policy = policyWith("policy" in change ? change.policy : {});
  return verifyEvidence(tagged, policy, expected);
}

async function faultOf(change: Change): Promise<string | undefined> {
  try {
    await verify(change);
    return undefined;
  } catch (error) {
    if (error instanceof AttestationError) return error.fault ?? error.code;
    throw error;
  }
}

describe("evidence of TDX", () => {
  it("proves the guest's measurement and the keys that it binds", async () => {
    expect(await verify()).toMatchObject({
      format: "intel-tdx",
      role: "redaction",
      measurement,
      kemPublicKey: binding.kemPublicKey,
      issuedAtMs: made.nowMs,
    });
  });

  it("names the machine", async () => {
    const body = encodeTdxEvidence({ quote, collateral });
    const claims = await verifiers[0]?.verify(body, policyWith({}), made.nowMs);
    expect(claims?.platformIdHex).toBe("00".repeat(16));
  });

  it("needs a policy that names TDX", async () => {
    expect(await faultOf({ policy: undefined })).toBe("FORMAT_UNSUPPORTED");
  });

  it("counts every register and every field that a host can set", async () => {
    const fields = ["mrTd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrConfigId", "mrOwner", "mrOwnerConfig"];
    const other = new Uint8Array(48).fill(0xee);
    const quotes = fields.map((name) => made.quote({ guest: { ...bound, [name]: other } }));
    const faults = await Promise.all(quotes.map((changed) => faultOf({ quote: changed })));
    expect(faults).toEqual(fields.map(() => "MEASUREMENT_NOT_ALLOWED"));
  });

  it("is refused with other report data, and with a debugger", async () => {
    const debugged = made.quote({ guest: { ...bound, tdAttributes: made.hexBytes("0100001000000000") } });
    expect([await faultOf({ quote: made.quote() }), await faultOf({ quote: debugged })]).toEqual([
      "REPORT_DATA_MISMATCH",
      "TD_ATTRIBUTES_DEBUG_SET",
    ]);
  });

  it("is refused with collateral past its next update", async () => {
    const nextUpdate = "2026-05-31T00:00:00Z";
    expect([
      await faultOf({ collateral: { tcbInfo: made.tcbInfo({ nextUpdate }) } }),
      await faultOf({ collateral: { qeIdentity: made.qeIdentity({ nextUpdate }) } }),
    ]).toEqual(["TCB_INFO_EXPIRED", "QE_IDENTITY_EXPIRED"]);
  });

  it("is refused on a platform whose status the policy doesn't name", async () => {
    const tcbInfo = made.tcbInfo({ tcbLevels: [made.level({ status: "SWHardeningNeeded" })] });
    const onIt = (policy: TdxPolicy) => faultOf({ collateral: { tcbInfo }, policy });
    expect([await onIt({}), await onIt({ acceptedResults: ["OK", "SW_HARDENING_NEEDED"] })]).toEqual([
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
      undefined,
    ]);
  });

  it("is refused with an evaluation of before the policy's", async () => {
    expect(await faultOf({ policy: { minimumTcbEvaluationDataNumber: 19 } })).toBe("TCB_EVAL_DATA_NUMBER_TOO_LOW");
  });

  it("is refused if its quote has bytes after its end", async () => {
    expect(await faultOf({ quote: Uint8Array.of(...quote, 0) })).toBe("QUOTE_FORMAT_UNSUPPORTED");
  });

  it("looks at the root of its collateral's issuers before at any of their signatures", async () => {
    const trust = TdxTrust.fromPem(made.pem(made.root));
    const strange = [made.signerCertificate({ issuerKey: made.strangeRootKey }), made.strangeRoot];
    const underStrange = { ...collateral, tcbInfoIssuers: strange, qeIdentityIssuers: strange };
    const body = encodeTdxEvidence({ quote, collateral: underStrange });
    const verdict = await laterRefusalOf(async () => tdxVerifier(trust).verify(body, policyWith({}), made.nowMs));
    expect([verdict, trust.paths.known(strange)]).toEqual(["SIGNATURE_INVALID", undefined]);
  });

  it("is refused without the issuers of its collateral under another root than Intel's", async () => {
    const { tcbInfoIssuers: _, qeIdentityIssuers: __, ...without } = collateral;
    const tagged = encodeEvidence({
      format: "intel-tdx",
      body: encodeTdxEvidence({ quote, collateral: without }),
    });
    expect(await laterRefusalOf(() => verifyEvidence(tagged, policyWith({}), expected))).toBe("SIGNATURE_INVALID");
  });
});

describe("the body of evidence of TDX", () => {
  const body = encodeTdxEvidence({ quote, collateral });

  it("is read as it was written", () => {
    expect(decodeTdxEvidence(body)).toEqual({ quote, collateral });
  });

  it.each<[string, unknown]>([
    ["no array", { quote }],
    ["a quote alone", [quote]],
    ["a quote in text", ["quote", "", "", new Uint8Array(), new Uint8Array(), []]],
    ["TCB info in bytes", [quote, new Uint8Array(), "", new Uint8Array(), new Uint8Array(), []]],
    ["a QE identity in bytes", [quote, "", new Uint8Array(), new Uint8Array(), new Uint8Array(), []]],
    ["lists in text", [quote, "", "", "", "", []]],
    ["the root's list in text", [quote, "", "", new Uint8Array(), "", []]],
    ["issuers that are one", [quote, "", "", new Uint8Array(), new Uint8Array(), made.root]],
    ["issuers in text", [quote, "", "", new Uint8Array(), new Uint8Array(), ["root"]]],
    ["something behind its issuers", [quote, "", "", new Uint8Array(), new Uint8Array(), [], 0]],
    ["more than 64 KiB", [new Uint8Array(64 * 1024), "", "", new Uint8Array(), new Uint8Array(), []]],
  ])("is refused as %s", (_what, fields) => {
    expect(refusalOf(() => decodeTdxEvidence(encode(fields)))).toBe("EVIDENCE_MALFORMED");
  });

  it("is refused, and never crashes, if it is anything else", async () => {
    const changed = fc.tuple(fc.nat(600), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const bytes = body.slice();
      bytes[at] = (bytes[at] ?? 0) ^ bits;
      return bytes;
    });
    const cut = fc.nat(body.length - 1).map((length) => body.subarray(0, length));
    const longer = fc.uint8Array({ minLength: 1 }).map((more) => Uint8Array.of(...body, ...more));
    const any = fc.oneof(changed, cut, longer, fc.uint8Array());
    await fc.assert(
      fc.asyncProperty(any, async (bytes) => {
        const tagged = encodeEvidence({ format: "intel-tdx", body: bytes });
        expect(await laterRefusalOf(() => verifyEvidence(tagged, policyWith({}), expected))).toBeDefined();
      }),
    );
  });
});
