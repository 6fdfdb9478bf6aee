import { encodeEvidence, type EvidenceVerifier, reportData } from "@cloister/attestation";
import { NitroAuthenticator, nitroVerifier } from "@cloister/attestation/nitro";
import { encodeSnpEvidence, SnpAuthenticator, snpVerifier } from "@cloister/attestation/sev-snp";
import {
  encodeTdxEvidence,
  parseTdxQuote,
  tdxMeasurement,
  type TdxCollateral,
  TdxTrust,
  tdxVerifier,
} from "@cloister/attestation/tdx";
import { type PolicyChoices, PolicyError, verifyAuthorityChain } from "@cloister/policy";
import {
  chipIdOf,
  type EndorsementOptions,
  levels,
  type NitroOptions,
  type ReportOptions,
  SOUND_POLICY,
  TestAmd,
  TestNitro,
} from "@cloister/testing/evidence";
import * as tdx from "@cloister/testing/evidence/tdx";
import { simulatedConfiguration, SimulatedTenant } from "@cloister/testing/tenant";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";

// Machines may be busy.
jest.setTimeout(60_000);

const { nowMs } = tdx;
const anotherProgram = new Uint8Array(48).fill(9);

/** Machines that the operator owns, and what the tenant's policy says of them. */
interface Machines {
  readonly verifier: EvidenceVerifier;
  readonly hardware: NonNullable<PolicyChoices["hardware"]>;
  readonly measurement: Uint8Array;
}

/** What a device finds that is shown a `keys` whose evidence has this body. */
async function verdictOn(
  { verifier, hardware, measurement }: Machines,
  bodyOver: (reportData: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<string> {
  const { format } = verifier;
  const source = {
    format,
    collect: async (data: Uint8Array) => encodeEvidence({ format, body: await bodyOver(data) }),
  };
  const allowed = [{ measurement, configurationDigest: simulatedConfiguration }];
  const measurements = { keys: allowed, redaction: [], "enclave-inference": [], embedding: [] };
  const tenant = new SimulatedTenant(nowMs, { measurements, hardware }, source);
  const chain = await tenant.chain(nowMs);
  const verifiers = [verifier];
  try {
    await verifyAuthorityChain({ tenantId: tenant.tenantId, chain, nowMs, verifiers, allowDevelopment: true });
    return "trusted";
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { cause } = error;
    if (typeof cause !== "object" || cause === null) return error.code;
    if ("fault" in cause && typeof cause.fault === "string") return cause.fault;
    return "code" in cause && typeof cause.code === "string" ? cause.code : error.code;
  }
}

/** What another instance's evidence is over. */
const reportDataOfAnother = reportData({
  role: "keys",
  configurationDigest: simulatedConfiguration,
  kemPublicKey: new Uint8Array(1216).fill(1),
  signingPublicKey: new Uint8Array(32).fill(2),
  notAfterMs: nowMs + 60_000,
  nonce: new Uint8Array(),
});

describe("an operator with TDX machines of its own", () => {
  interface Attempt {
    readonly quote?: (reportData: Uint8Array) => Uint8Array;
    readonly collateral?: Partial<TdxCollateral>;
  }
  const machines: Machines = {
    verifier: tdxVerifier(TdxTrust.fromPem(tdx.pem(tdx.root))),
    hardware: { "intel-tdx": {} },
    measurement: tdxMeasurement(parseTdxQuote(tdx.quote(), "refused").report),
  };
  const quoteOver = (data: Uint8Array): Uint8Array => tdx.quote({ guest: { reportData: data } });
  const lists = (change: Parameters<typeof tdx.pckList>[0]) => ({ pckCrl: tdx.pckList(change) });
  const verdictOf = ({ quote = quoteOver, collateral }: Attempt): Promise<string> =>
    verdictOn(machines, (data) =>
      encodeTdxEvidence({ quote: quote(data), collateral: { ...tdx.collateral, ...collateral } }),
    );

  it("is trusted with the tenant's program on a current machine", async () => {
    expect(await verdictOf({})).toBe("trusted");
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
      { quote: () => quoteOver(reportDataOfAnother) },
      "REPORT_DATA_MISMATCH",
    ],
  ])("can't %s", async (_what, attempt, verdict) => {
    expect(await verdictOf(attempt)).toBe(verdict);
  });
});

describe("an operator with SEV-SNP machines of its own", () => {
  interface Attempt {
    readonly report?: ReportOptions;
    readonly key?: EndorsementOptions;
    /** Who makes report and certificate in AMD's place. */
    readonly isOwnAmd?: true;
    /** Another chip's key signs. */
    readonly isOtherChip?: true;
    readonly isOfAnother?: true;
  }
  const measurement = new Uint8Array(48).fill(0x52);
  let amd: TestAmd;
  let another: TestAmd;
  let machines: Machines;
  beforeAll(async () => {
    [amd, another] = await Promise.all([TestAmd.make(), TestAmd.make()]);
    const hardware = { "sev-snp": { minimumTcb: { milan: levels } } };
    machines = { verifier: snpVerifier(new SnpAuthenticator(amd)), hardware, measurement };
  });
  const verdictOf = ({ report, key, ...attempt }: Attempt): Promise<string> =>
    verdictOn(machines, async (data) => {
      const over = attempt.isOfAnother ? reportDataOfAnother : data;
      const chip = attempt.isOwnAmd || attempt.isOtherChip ? another : amd;
      return encodeSnpEvidence({
        report: await chip.report({ reportData: over, ...report }),
        endorsementKey: await (attempt.isOwnAmd ? another : amd).endorse(key),
      });
    });
  const oldSnp = { ...levels, snp: levels.snp - 1 };

  it("is trusted with the tenant's program on a current machine", async () => {
    expect(await verdictOf({})).toBe("trusted");
  });

  it.each<[string, Attempt, string]>([
    ["run a program of its own", { report: { measurement: anotherProgram } }, "MEASUREMENT_NOT_ALLOWED"],
    ["look into the guest", { report: { policy: SOUND_POLICY | (1n << 19n) } }, "GUEST_POLICY_DEBUG_SET"],
    ["take the guest elsewhere", { report: { policy: SOUND_POLICY | (1n << 18n) } }, "GUEST_POLICY_MIGRATE_MA_SET"],
    ["hand the guest data of its own", { report: { hostData: new Uint8Array(32).fill(1) } }, "HOST_DATA_MISMATCH"],
    ["speak for the guest from a lower level", { report: { vmpl: 2 } }, "GUEST_NOT_ALLOWED"],
    ["run it on firmware with known holes", { report: { tcb: oldSnp }, key: { tcb: oldSnp } }, "TCB_OUT_OF_DATE"],
    ["hide old firmware behind a newer certificate", { report: { tcb: oldSnp } }, "VCEK_TCB_MISMATCH"],
    ["show another chip's certificate", { report: { chipId: chipIdOf("milan").fill(3) } }, "VCEK_HWID_MISMATCH"],
    ["sign reports with a key of its own", { isOtherChip: true }, "REPORT_SIGNATURE_INVALID"],
    ["certify a chip of its own", { isOwnAmd: true }, "VCEK_CHAIN_INVALID"],
    ["use a certificate past its end", { key: { notAfterMs: nowMs - 1000 } }, "VCEK_EXPIRED"],
    ["put keys of its own beside another's report", { isOfAnother: true }, "REPORT_DATA_MISMATCH"],
  ])("can't %s", async (_what, attempt, verdict) => {
    expect(await verdictOf(attempt)).toBe(verdict);
  });
});

describe("an operator with Nitro machines of its own", () => {
  interface Attempt {
    readonly document?: NitroOptions;
    readonly atMs?: number;
    readonly by?: () => TestNitro;
    /** AWS's certificates stand in the document, whoever signs it. */
    readonly isWithAwsChain?: true;
    readonly isOfAnother?: true;
    readonly change?: (document: Uint8Array) => Uint8Array;
  }
  const measurement = new Uint8Array(48).fill(0x50);
  let aws: TestNitro;
  let ownHypervisor: TestNitro;
  let expired: TestNitro;
  let machines: Machines;
  beforeAll(async () => {
    [aws, ownHypervisor, expired] = await Promise.all([
      TestNitro.make(),
      TestNitro.make(),
      TestNitro.make("eu-central-1", nowMs - 1000),
    ]);
    const roots = [aws.rootSha256Hex, expired.rootSha256Hex];
    const hardware = { "aws-nitro": { pcrs: { "8": new Uint8Array(48).fill(8) } } };
    machines = { verifier: nitroVerifier(new NitroAuthenticator(roots)), hardware, measurement };
  });
  const registers = (change: Readonly<Record<number, number>> = {}) => ({
    pcrs: new Map(Object.entries({ 0: 0x50, 8: 8, ...change }).map(([at, byte]) => [Number(at), filled(byte)])),
  });
  const filled = (byte: number): Uint8Array => new Uint8Array(48).fill(byte);
  const verdictOf = ({ document, by, change = (bytes) => bytes, ...attempt }: Attempt): Promise<string> =>
    verdictOn(machines, async (data) => {
      const [root, zone, leaf] = aws.certificates;
      const fields = {
        user_data: attempt.isOfAnother ? reportDataOfAnother : data,
        ...(attempt.isWithAwsChain && { certificate: leaf, cabundle: [root, zone] }),
        ...document?.fields,
      };
      const hypervisor = by?.() ?? aws;
      return change(await hypervisor.document(attempt.atMs ?? nowMs, { ...registers(), ...document, fields }));
    });

  it("is trusted with the tenant's program on a current machine", async () => {
    expect(await verdictOf({})).toBe("trusted");
  });

  it.each<[string, Attempt, string]>([
    ["run a program of its own", { document: registers({ 0: 9 }) }, "MEASUREMENT_NOT_ALLOWED"],
    ["read the enclave's console", { document: registers({ 0: 0 }) }, "GUEST_NOT_ALLOWED"],
    ["sign the image itself", { document: registers({ 8: 9 }) }, "MEASUREMENT_NOT_ALLOWED"],
    ["be a hypervisor of its own", { by: () => ownHypervisor }, "ROOT_NOT_TRUSTED"],
    [
      "sign documents beside AWS's certificates",
      { by: () => ownHypervisor, isWithAwsChain: true },
      "SIGNATURE_INVALID",
    ],
    ["use a certificate past its end", { by: () => expired }, "EVIDENCE_EXPIRED"],
    ["keep a document for tomorrow", { atMs: nowMs - 61 * 60_000 }, "EVIDENCE_EXPIRED"],
    ["date a document ahead", { atMs: nowMs + 2 * 60_000 }, "EVIDENCE_EXPIRED"],
    [
      "speak for another enclave",
      { document: { fields: { module_id: "i-0123456789abcdef0-enc0123456789abcde0" } } },
      "SIGNATURE_INVALID",
    ],
    [
      "change what the hypervisor signed",
      { change: (bytes) => bytes.with(-120, (bytes.at(-120) ?? 0) ^ 1) },
      "SIGNATURE_INVALID",
    ],
    ["put keys of its own beside another's document", { isOfAnother: true }, "REPORT_DATA_MISMATCH"],
  ])("can't %s", async (_what, attempt, verdict) => {
    expect(await verdictOf(attempt)).toBe(verdict);
  });
});
