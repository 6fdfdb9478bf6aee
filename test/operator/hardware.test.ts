import { encodeEvidence, reportData } from "@cloister/attestation";
import {
  encodeTdxEvidence,
  parseTdxQuote,
  tdxMeasurement,
  type TdxCollateral,
  TdxTrust,
  tdxVerifier,
} from "@cloister/attestation/tdx";
import { PolicyError, verifyAuthorityChain } from "@cloister/policy";
import * as tdx from "@cloister/testing/evidence/tdx";
import { simulatedConfiguration, SimulatedTenant } from "@cloister/testing/tenant";
import { describe, expect, it, jest } from "@jest/globals";

// Machines may be busy.
jest.setTimeout(60_000);

const { nowMs } = tdx;
const measurement = tdxMeasurement(parseTdxQuote(tdx.quote(), "refused").report);
const verifiers = [tdxVerifier(TdxTrust.fromPem(tdx.pem(tdx.root)))];

interface Attempt {
  readonly quote?: (reportData: Uint8Array) => Uint8Array;
  readonly collateral?: Partial<TdxCollateral>;
}

/** What a device finds that is shown a `keys` on TDX machines which the operator owns. */
async function verdictOn({ quote = quoteOver, collateral }: Attempt): Promise<string> {
  const format = "intel-tdx";
  const source = {
    format,
    collect: async (data: Uint8Array) =>
      encodeEvidence({
        format,
        body: encodeTdxEvidence({ quote: quote(data), collateral: { ...tdx.collateral, ...collateral } }),
      }),
  } as const;
  const allowed = [{ measurement, configurationDigest: simulatedConfiguration }];
  const measurements = { keys: allowed, redaction: [], "enclave-inference": [], embedding: [] };
  const tenant = new SimulatedTenant(nowMs, { measurements, hardware: { "intel-tdx": {} } }, source);
  const chain = await tenant.chain(nowMs);
  try {
    await verifyAuthorityChain({ tenantId: tenant.tenantId, chain, nowMs, verifiers, allowDevelopment: true });
    return "trusted";
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { cause } = error;
    return typeof cause === "object" && cause !== null && "fault" in cause && typeof cause.fault === "string"
      ? cause.fault
      : error.code;
  }
}

const quoteOver = (data: Uint8Array): Uint8Array => tdx.quote({ guest: { reportData: data } });
const lists = (change: Parameters<typeof tdx.pckList>[0]) => ({ pckCrl: tdx.pckList(change) });

describe("an operator with TDX machines of its own", () => {
  it("is trusted with the tenant's program on a current machine", async () => {
    expect(await verdictOn({})).toBe("trusted");
  });

  it.each<[string, Attempt, string]>([
    [
      "look into the guest",
      { quote: (data) => tdx.quote({ guest: { reportData: data, tdAttributes: tdx.hexBytes("0100001000000000") } }) },
      "TD_ATTRIBUTES_DEBUG_SET",
    ],
    [
      "run a program of its own",
      { quote: (data) => tdx.quote({ guest: { reportData: data, rtmr2: new Uint8Array(48).fill(9) } }) },
      "MEASUREMENT_NOT_ALLOWED",
    ],
    [
      "hand the guest another configuration",
      { quote: (data) => tdx.quote({ guest: { reportData: data, mrConfigId: new Uint8Array(48).fill(9) } }) },
      "MEASUREMENT_NOT_ALLOWED",
    ],
    [
      "run it on a module with known holes",
      {
        quote: (data) =>
          tdx.quote({ guest: { reportData: data, teeTcbSvn: Uint8Array.from(tdx.tdxComponents.with(0, 2)) } }),
      },
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
    ],
    [
      "run it on a machine that Intel revoked",
      { collateral: { tcbInfo: tdx.tcbInfo({ tcbLevels: [tdx.level({ status: "Revoked" })] }) } },
      "TCB_REVOKED",
    ],
    ["use a machine whose key is known", { collateral: lists({ revoked: [tdx.serials.pck] }) }, "PCK_REVOKED"],
    ["keep the revocation back", { collateral: lists({ nextUpdateMs: nowMs - 1000 }) }, "PCK_CRL_EXPIRED"],
    [
      "keep Intel's newer verdict back",
      { collateral: { tcbInfo: tdx.tcbInfo({ nextUpdate: "2026-05-31T00:00:00Z" }) } },
      "TCB_INFO_EXPIRED",
    ],
    [
      "bring the verdict on another platform",
      { collateral: { tcbInfo: tdx.tcbInfo({ fmspc: "000000000001" }) } },
      "PCK_FMSPC_MISMATCH",
    ],
    [
      "write a verdict of its own",
      { collateral: { tcbInfo: tdx.signedDocument("tcbInfo", JSON.stringify(tdx.tcbInfoFields()), tdx.newKeyPair()) } },
      "TCB_INFO_SIGNATURE_INVALID",
    ],
    [
      "sign quotes with a key of its own",
      { quote: (data) => tdx.quote({ guest: { reportData: data }, signer: tdx.newKeyPair() }) },
      "QUOTE_SIGNATURE_INVALID",
    ],
    [
      "put keys of its own beside another's quote",
      { quote: () => quoteOver(reportDataOfAnother()) },
      "EVIDENCE_INVALID",
    ],
  ])("can't %s", async (_what, attempt, verdict) => {
    expect(await verdictOn(attempt)).toBe(verdict);
  });
});

function reportDataOfAnother(): Uint8Array {
  return reportData({
    role: "keys",
    configurationDigest: simulatedConfiguration,
    kemPublicKey: new Uint8Array(1216).fill(1),
    signingPublicKey: new Uint8Array(32).fill(2),
    notAfterMs: nowMs + 60_000,
    nonce: new Uint8Array(),
  });
}
