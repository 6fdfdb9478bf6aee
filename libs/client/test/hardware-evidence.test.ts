import { encodeEvidence, type EvidenceFormat, type EvidenceVerifier } from "@cloister/attestation";
import { NitroAuthenticator, nitroVerifier } from "@cloister/attestation/nitro";
import { encodeSnpEvidence, SnpAuthenticator, snpVerifier } from "@cloister/attestation/sev-snp";
import { encodeTdxEvidence, parseTdxQuote, tdxMeasurement, TdxTrust, tdxVerifier } from "@cloister/attestation/tdx";
import { TestAmd, TestNitro } from "@cloister/testing/evidence";
import * as tdx from "@cloister/testing/evidence/tdx";
import { simulatedConfiguration, SimulatedTenant } from "@cloister/testing/tenant";
import { describe, expect, it } from "@jest/globals";
import { SimulatedService } from "./simulated-service.ts";

interface Machine {
  readonly format: EvidenceFormat;
  readonly verifier: EvidenceVerifier;
  readonly measurement: Uint8Array;
  /** The body of evidence of the machine, or of one whose host can look into its guest. */
  readonly attest: (reportData: Uint8Array, isDebugged: boolean) => Promise<Uint8Array>;
}

const amd = await TestAmd.make();
const hypervisor = await TestNitro.make();
const { nowMs } = tdx;
const debuggedTd = tdx.hexBytes("0100001000000000");
const SNP_DEBUG = 1n << 19n;
const SOUND_SNP_POLICY = (1n << 17n) | (1n << 16n);

const machines: readonly Machine[] = [
  {
    format: "intel-tdx",
    verifier: tdxVerifier(TdxTrust.fromPem(tdx.pem(tdx.root))),
    measurement: tdxMeasurement(parseTdxQuote(tdx.quote(), "refused").report),
    attest: async (reportData, isDebugged) => {
      const guest = { reportData, ...(isDebugged && { tdAttributes: debuggedTd }) };
      return encodeTdxEvidence({ quote: tdx.quote({ guest }), collateral: tdx.collateral });
    },
  },
  {
    format: "sev-snp",
    verifier: snpVerifier(new SnpAuthenticator({ ark: amd.ark, ask: amd.ask })),
    measurement: new Uint8Array(48).fill(0x52),
    attest: async (reportData, isDebugged) => {
      const policy = isDebugged ? SOUND_SNP_POLICY | SNP_DEBUG : SOUND_SNP_POLICY;
      return encodeSnpEvidence({
        report: await amd.report({ reportData, policy }),
        endorsementKey: await amd.endorse(),
      });
    },
  },
  {
    format: "aws-nitro",
    verifier: nitroVerifier(new NitroAuthenticator([hypervisor.rootSha256Hex])),
    measurement: new Uint8Array(48).fill(0x50),
    attest: (reportData, isDebugged) => {
      const pcrs = new Map([[0, new Uint8Array(48).fill(isDebugged ? 0 : 0x50)]]);
      return hypervisor.document(nowMs, { fields: { user_data: reportData }, pcrs });
    },
  },
];

const hardware = {
  "aws-nitro": {},
  "sev-snp": { minimumTcb: { milan: { bootloader: 4, tee: 1, snp: 22, microcode: 213 } } },
  "intel-tdx": {},
};

interface Change {
  readonly isDebugged?: boolean;
  readonly allowed?: Uint8Array;
  readonly verifiers?: readonly EvidenceVerifier[];
}

function serviceOn(machine: Machine, { isDebugged = false, allowed = machine.measurement, ...change }: Change = {}) {
  const { format, verifier } = machine;
  const measurements = [{ measurement: allowed, configurationDigest: simulatedConfiguration }];
  const tenant = new SimulatedTenant(
    nowMs,
    {
      hardware,
      measurements: { keys: measurements, redaction: [], "enclave-inference": [], embedding: [] },
    },
    { format, collect: async (data) => encodeEvidence({ format, body: await machine.attest(data, isDebugged) }) },
  );
  return new SimulatedService(tenant, nowMs, change.verifiers ?? [verifier]);
}

describe.each(machines.map((machine) => [machine.format, machine] as const))("keys on %s", (_format, machine) => {
  it("is believed, and only then a message is sealed", async () => {
    const service = serviceOn(machine);
    const conversation = await service.open();
    await conversation.send("Hello");
    expect(service.posted).toHaveLength(1);
  });

  it.each<[string, Change, string]>([
    ["runs with a debugger", { isDebugged: true }, "EVIDENCE_INVALID"],
    ["runs another program", { allowed: new Uint8Array(48).fill(1) }, "MEASUREMENT_NOT_ALLOWED"],
    ["has evidence that the application doesn't believe", { verifiers: [] }, "EVIDENCE_INVALID"],
  ])("gets nothing where it %s", async (_what, change, problem) => {
    const service = serviceOn(machine, change);
    await expect(service.open()).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED", problem });
    expect(service.posted).toEqual([]);
  });
});
