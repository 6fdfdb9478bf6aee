import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { configurationDigest, examineEvidence } from "@cloister/attestation";
import { NitroAuthenticator, nitroVerifier } from "@cloister/attestation/nitro";
import { SnpAuthenticator, snpVerifier } from "@cloister/attestation/sev-snp";
import { openMachine } from "@cloister/keyring/machine";
import { MachineError } from "../src/machine-error.ts";
import { capturedLog, FakeClock } from "@cloister/testing";
import {
  FakeKernel,
  makeRevocationList,
  snpGuest,
  SOUND_POLICY,
  TestAmd,
  TestNitro,
  type FakeProvider,
} from "@cloister/testing/evidence";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// AMD's keys are made first, of RSA, on machines that may be busy.
jest.setTimeout(60_000);

const clock = new FakeClock(Date.UTC(2026, 10, 22, 12));
const configuration = { role: "redaction", region: "eu-central-1" };
const measurement = new Uint8Array(48).fill(5);
const { log, lines } = capturedLog("redaction");
const owner = {
  role: "redaction",
  code: new URL("../src/channel/", import.meta.url),
  configuration,
  clock,
  log,
} as const;

const lastLine = (): unknown => JSON.parse(lines.at(-1) ?? "");

let amd: TestAmd;
let vcek: Uint8Array;
let folder: string;
beforeAll(async () => {
  amd = await TestAmd.make();
  vcek = await amd.endorse();
  folder = await mkdtemp(join(tmpdir(), "cloister-machine-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A machine whose kernel has that driver, in the eyes of verifiers that take this AMD for AMD. */
function ports(provider: FakeProvider | undefined) {
  const verifiers = [snpVerifier(new SnpAuthenticator(amd))];
  const isThere = async (path: string): Promise<boolean> => path.includes("tsm");
  return { tsmFiles: new FakeKernel(provider), tsmFolder: "/tsm", nsmPath: "/nsm", verifiers, isThere };
}

async function refusalOf(opened: Promise<unknown>): Promise<string> {
  const error: unknown = await opened.catch((thrown: unknown) => thrown);
  return error instanceof MachineError ? `${error.code}: ${error.message}` : "opened";
}

describe("a machine with hardware", () => {
  it("proves itself, takes evidence of hardware alone, and says in the log what a policy has to name", async () => {
    const machine = await openMachine({}, owner, ports(snpGuest(amd, vcek, { measurement })));
    const digest = configurationDigest(Buffer.from(JSON.stringify(configuration)));
    expect(machine).toMatchObject({
      measurement,
      configurationDigest: digest,
      isDevelopment: false,
      simulatedRoots: [],
    });
    expect(machine.verifiers.map(({ format }) => format)).toEqual(["sev-snp"]);
    expect(lastLine()).toMatchObject({
      evidence: "sev-snp",
      measurement: "05".repeat(48),
      configurationDigest: Buffer.from(digest).toString("hex"),
    });
  });

  it("gives evidence over what it is asked", async () => {
    const { evidence, verifiers } = await openMachine({}, owner, ports(snpGuest(amd, vcek)));
    const reportData = new Uint8Array(64).fill(9);
    const claims = await examineEvidence(await evidence.collect(reportData), verifiers, clock.nowMs());
    expect(claims.reportData).toEqual(reportData);
  });

  it("has NSM of a Nitro enclave put a public key into a document, for a KMS to seal to, and nobody else", async () => {
    const nitro = await TestNitro.make();
    const publicKey = Uint8Array.of(0x30, 1);
    const authenticator = new NitroAuthenticator([nitro.rootSha256Hex]);
    const nsm = async () => ({ request: (message: Uint8Array) => nitro.answer(message, clock.nowMs()) });
    const verifiers = [nitroVerifier(authenticator)];
    const machine = await openMachine({ evidence: "aws-nitro" }, owner, { nsm, verifiers });
    const document = (await machine.nitroDocument?.(publicKey)) ?? new Uint8Array();
    expect(await authenticator.authenticate(document, clock.nowMs())).toMatchObject({ publicKey });
    expect(await openMachine({}, owner, ports(snpGuest(amd, vcek)))).not.toHaveProperty("nitroDocument");
  });

  it("takes its certificate from a file where its host has none", async () => {
    const snpCertificateFile = join(folder, "vcek.der");
    await writeFile(snpCertificateFile, vcek);
    const { name, report } = snpGuest(amd, vcek);
    const bare = {
      name,
      report: async (...asked: Parameters<typeof report>) => ({ outblob: (await report(...asked)).outblob }),
    };
    expect(await refusalOf(openMachine({}, owner, ports(bare)))).toMatch(
      /^EVIDENCE_UNAVAILABLE: The host gave no certificate/,
    );
    expect(await refusalOf(openMachine({ snpCertificateFile }, owner, ports(bare)))).toBe("opened");
  });

  it("looks at AMD's list of revoked authorities where a file has one", async () => {
    const snpRevocationListFile = join(folder, "ark.crl");
    const openedUnder = async (serials: readonly number[]) => {
      const list = await makeRevocationList({ issuer: "ARK-Test", signer: amd.rootKey, serials });
      await writeFile(snpRevocationListFile, list);
      return refusalOf(openMachine({ snpRevocationListFile }, owner, ports(snpGuest(amd, vcek))));
    };
    expect([await openedUnder([9]), await openedUnder([1])]).toEqual([
      "opened",
      expect.stringMatching(/^CERTIFICATE_REVOKED: /),
    ]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "that can be debugged",
      () => openMachine({}, owner, ports(snpGuest(amd, vcek, { policy: SOUND_POLICY | (1n << 19n) }))),
      /^GUEST_NOT_ALLOWED: /,
    ],
    [
      "whose evidence is over other bytes",
      () => {
        const other = snpGuest(amd, vcek);
        return openMachine(
          {},
          owner,
          ports({ ...other, report: (_asked, level) => other.report(new Uint8Array(64), level) }),
        );
      },
      /^REPORT_DATA_MISMATCH: /,
    ],
    [
      "that AMD didn't make",
      () => openMachine({}, owner, { ...ports(snpGuest(amd, vcek)), verifiers: [snpVerifier()] }),
      /^ROOT_NOT_TRUSTED: /,
    ],
    [
      "without a driver",
      () => openMachine({}, owner, ports(undefined)),
      /^EVIDENCE_UNAVAILABLE: No driver of a TEE is loaded/,
    ],
    [
      "without any TEE",
      () => openMachine({}, owner, { ...ports(undefined), isThere: async () => false }),
      /^EVIDENCE_UNAVAILABLE: This is no guest of a TEE that shows itself/,
    ],
    [
      "of another TEE than is configured",
      () => openMachine({ evidence: "intel-tdx", tdxCollateralFolder: folder }, owner, ports(snpGuest(amd, vcek))),
      /^EVIDENCE_UNAVAILABLE: The kernel's reports are not of tdx_guest/,
    ],
    [
      "of TDX without collateral",
      () => openMachine({ evidence: "intel-tdx" }, owner, ports(undefined)),
      /^EVIDENCE_UNAVAILABLE: .*set CLOISTER_TDX_COLLATERAL_FOLDER/,
    ],
  ])("is refused at the start when it is one %s", async (_what, attempt, refusal) => {
    expect(await refusalOf(attempt())).toMatch(refusal);
  });
});

describe("a development build", () => {
  it("simulates where a root is named for it", async () => {
    const environment = { evidence: undefined, simulatedRootFile: join(folder, "root") };
    const machine = await openMachine(environment, owner);
    expect([machine.isDevelopment, machine.evidence.format, machine.simulatedRoots.length]).toEqual([
      true,
      "simulated",
      1,
    ]);
    expect(lastLine()).toMatchObject({ level: "warn", msg: expect.stringContaining("simulated") });
  });
});
