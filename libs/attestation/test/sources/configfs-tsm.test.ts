import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { decodeEvidence } from "@cloister/attestation";
import { decodeSnpEvidence } from "@cloister/attestation/sev-snp";
import {
  collateralFiles,
  reportFiles,
  snpSource,
  tdxCollateralFromFolder,
  tdxSource,
} from "@cloister/attestation/sources/configfs-tsm";
import { decodeTdxEvidence, parseTdxQuote } from "@cloister/attestation/tdx";
import { certificateTable, FakeKernel, type FakeProvider, guids, SystemError } from "@cloister/testing/evidence";
import * as made from "@cloister/testing/evidence/tdx";
import { sourceFaultOf } from "./source-fault.ts";

const folder = "/sys/kernel/config/tsm/report";
const reportData = new Uint8Array(64).fill(7);
const vcek = Uint8Array.of(0x30, 1, 2);

/** A report that says what it is over. */
function snpReport(inblob: Uint8Array, privilegeLevel: number): Uint8Array {
  const report = new Uint8Array(1184);
  report.set(inblob, 0x50);
  report[0x30] = privilegeLevel;
  return report;
}

const snp: FakeProvider = {
  name: "sev_guest",
  report: (inblob, privilegeLevel) => ({
    outblob: snpReport(inblob, privilegeLevel),
    auxblob: certificateTable([[guids.vcek, vcek]]),
  }),
};
const tdx: FakeProvider = {
  name: "tdx_guest",
  report: (inblob) => ({ outblob: made.quote({ guest: { reportData: inblob }, after: new Uint8Array(20) }) }),
};
const collateral = {
  tcbInfo: made.tcbInfo(),
  qeIdentity: made.qeIdentity(),
  pckCrl: made.pckList(),
  rootCrl: made.rootList(),
};

const waited: number[] = [];
const wait = async (ms: number): Promise<void> => {
  waited.push(ms);
};
const collectSnp = (files: FakeKernel) => snpSource({ files, folder, wait }).collect(reportData);

describe("evidence of SEV-SNP by configfs-tsm", () => {
  it("is the report over the report data at the most privileged level, with the host's certificate", async () => {
    const { format, body } = decodeEvidence(await collectSnp(new FakeKernel(snp)));
    const { report, endorsementKey } = decodeSnpEvidence(body);
    expect([format, report.subarray(0x50, 0x90), report[0x30], endorsementKey]).toEqual([
      "sev-snp",
      reportData,
      0,
      vcek,
    ]);
  });

  it("leaves no folder behind, whether it comes about or not", async () => {
    const kernel = new FakeKernel(snp);
    await collectSnp(kernel);
    kernel.provider = { name: "sev_guest", report: () => ({ outblob: new Uint8Array(3) }) };
    await sourceFaultOf(() => collectSnp(kernel));
    expect([kernel.folders.size, kernel.removed.length, new Set(kernel.removed).size]).toEqual([0, 2, 2]);
  });

  it("has AMD's list of revoked authorities behind the certificate where one is given", async () => {
    const list = Uint8Array.of(0x30, 5);
    const source = snpSource({ files: new FakeKernel(snp), folder, wait, revocationList: async () => list });
    expect(decodeSnpEvidence(decodeEvidence(await source.collect(reportData)).body).revocationList).toEqual(list);
    const { body } = decodeEvidence(await collectSnp(new FakeKernel(snp)));
    expect(decodeSnpEvidence(body).revocationList).toBeUndefined();
  });

  it("asks for the endorsement key where the host gives none", async () => {
    const kernel = new FakeKernel({ name: "sev_guest", report: (inblob) => ({ outblob: snpReport(inblob, 0) }) });
    const source = snpSource({ files: kernel, folder, wait, endorsementKey: async () => vcek });
    const { body } = decodeEvidence(await source.collect(reportData));
    expect(decodeSnpEvidence(body).endorsementKey).toEqual(vcek);
    expect(await sourceFaultOf(() => collectSnp(kernel))).toBe("COLLATERAL_MISSING");
  });

  it("is asked for one at a time", async () => {
    const kernel = new FakeKernel(snp);
    let most = 0;
    kernel.before = () => {
      most = Math.max(most, kernel.folders.size);
    };
    const source = snpSource({ files: kernel, folder, wait });
    await Promise.all([1, 2, 3].map(() => source.collect(reportData)));
    expect(most).toBe(1);
  });
});

describe("evidence of TDX by configfs-tsm", () => {
  it("is the quote without what the quoting service left behind it, with the collateral", async () => {
    const source = tdxSource({ files: new FakeKernel(tdx), folder, wait, collateral: async () => collateral });
    const { format, body } = decodeEvidence(await source.collect(reportData));
    const evidence = decodeTdxEvidence(body);
    expect([format, parseTdxQuote(evidence.quote, "refused").report.reportData, evidence.collateral]).toEqual([
      "intel-tdx",
      reportData,
      collateral,
    ]);
  });

  it("is refused as malformed if the kernel's blob is no quote", async () => {
    const kernel = new FakeKernel({ name: "tdx_guest", report: () => ({ outblob: new Uint8Array(48) }) });
    const source = tdxSource({ files: kernel, folder, wait, collateral: async () => collateral });
    await expect(source.collect(reportData)).rejects.toMatchObject({ code: "EVIDENCE_MALFORMED" });
  });
});

describe("a report that doesn't come about", () => {
  const refusing = (code: string): FakeProvider => ({
    name: "sev_guest",
    report: () => {
      throw new SystemError(code);
    },
  });

  it.each([
    ["DEVICE_MISSING", "ENOENT", "makeFolder"],
    ["DEVICE_DENIED", "EACCES", "makeFolder"],
    ["DEVICE_DENIED", "EPERM", "write"],
    ["DEVICE_REFUSED", "ENOMEM", "makeFolder"],
    ["DEVICE_REFUSED", "EFBIG", "write"],
    ["DEVICE_BUSY", "EBUSY", "write"],
  ])("is %s for %s at %s", async (fault, errno, call) => {
    const kernel = new FakeKernel(snp);
    kernel.before = (made) => {
      if (made === call) throw new SystemError(errno);
    };
    expect(await sourceFaultOf(() => collectSnp(kernel))).toBe(fault);
  });

  it.each([
    ["DEVICE_REFUSED", "EINVAL"],
    ["DEVICE_REFUSED", "EIO"],
    ["DEVICE_BUSY", "EAGAIN"],
    ["DEVICE_BUSY", "ETIMEDOUT"],
    ["DEVICE_MISSING", "ENOTTY"],
  ])("is %s where the TEE answers %s", async (fault, errno) => {
    expect(await sourceFaultOf(() => collectSnp(new FakeKernel(refusing(errno))))).toBe(fault);
  });

  it("is DEVICE_MISSING without a driver, OTHER_HARDWARE with another's", async () => {
    expect([
      await sourceFaultOf(() => collectSnp(new FakeKernel())),
      await sourceFaultOf(() => collectSnp(new FakeKernel(tdx))),
    ]).toEqual(["DEVICE_MISSING", "OTHER_HARDWARE"]);
  });

  it("is ANSWER_MALFORMED above 32 KiB, or of another length than a report's", async () => {
    const answering = (length: number) =>
      new FakeKernel({ name: "sev_guest", report: () => ({ outblob: new Uint8Array(length) }) });
    expect([
      await sourceFaultOf(() => collectSnp(answering(32 * 1024 + 1))),
      await sourceFaultOf(() => collectSnp(answering(1183))),
    ]).toEqual(["ANSWER_MALFORMED", "ANSWER_MALFORMED"]);
  });

  it("is CONCURRENT_WRITER if another process writes between its write and its read", async () => {
    const kernel = new FakeKernel(snp);
    kernel.before = (call, path) => {
      if (call !== "read" || !path.endsWith("/outblob")) return;
      kernel.before = () => undefined;
      void kernel.write(path.replace("outblob", "inblob"), new Uint8Array(64).fill(0xbb));
      kernel.before = interfering;
    };
    const interfering = kernel.before;
    expect(await sourceFaultOf(() => collectSnp(kernel))).toBe("CONCURRENT_WRITER");
  });

  it("is CONCURRENT_WRITER if the kernel loses the write, since no report may be over other bytes", async () => {
    const kernel = new FakeKernel(snp);
    kernel.losesInblob = true;
    kernel.before = (call, path) => {
      if (call === "makeFolder") return;
      const report = kernel.folders.get(path.slice(0, path.lastIndexOf("/")));
      if (report) report.inblob = new Uint8Array(64).fill(0xcc);
    };
    expect(await sourceFaultOf(() => collectSnp(kernel))).toBe("CONCURRENT_WRITER");
  });

  it("is asked for again, after a while each time, where the TEE is busy", async () => {
    waited.length = 0;
    let busy = 3;
    const kernel = new FakeKernel({
      name: "sev_guest",
      report: (inblob, level) => {
        if (busy-- > 0) throw new SystemError("EBUSY");
        return snp.report(inblob, level);
      },
    });
    await collectSnp(kernel);
    expect([waited, kernel.removed.length]).toEqual([[100, 400, 1600], 4]);
  });

  it("isn't asked for again where that is of no use", async () => {
    waited.length = 0;
    await sourceFaultOf(() => collectSnp(new FakeKernel(tdx)));
    expect(waited).toEqual([]);
  });
});

describe("the files of a real folder", () => {
  const temporary = mkdtemp(join(tmpdir(), "cloister-tsm-"));
  afterAll(async () => rm(await temporary, { recursive: true }));

  it("are made, written in place, read to a bound and removed", async () => {
    const path = join(await temporary, "report");
    await reportFiles.makeFolder(path);
    await writeFile(join(path, "inblob"), "");
    await reportFiles.write(join(path, "inblob"), Buffer.from("abc"));
    const read = await reportFiles.read(join(path, "inblob"), 2);
    await rm(join(path, "inblob"));
    await reportFiles.removeFolder(path);
    expect(Buffer.from(read).toString()).toBe("abc");
    await expect(reportFiles.removeFolder(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are never made by a write, so that nothing passes for a kernel that isn't there", async () => {
    const path = join(await temporary, "nothing");
    await expect(reportFiles.write(path, reportData)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("give no evidence where no kernel counts the writes", async () => {
    const root = await temporary;
    const files = {
      ...reportFiles,
      makeFolder: async (path: string) => {
        await mkdir(path);
        const attributes = {
          provider: "sev_guest\n",
          generation: "0\n",
          privlevel: "",
          inblob: "",
          outblob: "x",
          auxblob: "",
        };
        for (const [name, value] of Object.entries(attributes)) await writeFile(join(path, name), value);
      },
      removeFolder: (path: string) => rm(path, { recursive: true }),
    };
    expect(await sourceFaultOf(() => snpSource({ files, folder: root, wait }).collect(reportData))).toBe(
      "CONCURRENT_WRITER",
    );
  });

  it("are told from a kernel without configfs-tsm by a sentence that says what to do", async () => {
    const source = snpSource({ folder: join(await temporary, "missing"), wait });
    await expect(source.collect(reportData)).rejects.toThrow(/load the guest driver/);
  });
});

describe("a folder of collateral", () => {
  const temporary = mkdtemp(join(tmpdir(), "cloister-collateral-"));
  afterAll(async () => rm(await temporary, { recursive: true }));

  async function written(name: string, change: Readonly<Record<string, string | Uint8Array | undefined>> = {}) {
    const path = join(await temporary, name);
    await mkdir(path);
    const files: Readonly<Record<string, string | Uint8Array | undefined>> = {
      [collateralFiles.tcbInfo]: collateral.tcbInfo,
      [collateralFiles.qeIdentity]: collateral.qeIdentity,
      [collateralFiles.pckCrl]: collateral.pckCrl,
      [collateralFiles.rootCrl]: collateral.rootCrl,
      [collateralFiles.issuers]: made.pem(made.signerCertificate(), made.root),
      ...change,
    };
    for (const [file, value] of Object.entries(files)) {
      if (value !== undefined) await writeFile(join(path, file), value);
    }
    return path;
  }

  it("is read as it lies there", async () => {
    const path = await written("whole");
    const read = await tdxCollateralFromFolder(path);
    expect(read).toMatchObject(collateral);
    expect(read.tcbInfoIssuers?.at(-1)).toEqual(made.root);
    expect(await readFile(join(path, collateralFiles.tcbInfo), "utf8")).toBe(read.tcbInfo);
  });

  it("may leave out the issuers, which are Intel's then", async () => {
    const read = await tdxCollateralFromFolder(await written("bare", { [collateralFiles.issuers]: undefined }));
    expect(read).toEqual(collateral);
  });

  it("is missing without one of its other files, or with one that is far too long", async () => {
    const without = await written("without", { [collateralFiles.pckCrl]: undefined });
    const long = await written("long", { [collateralFiles.tcbInfo]: "x".repeat(64 * 1024 + 1) });
    expect([
      await sourceFaultOf(() => tdxCollateralFromFolder(without)),
      await sourceFaultOf(() => tdxCollateralFromFolder(long)),
    ]).toEqual(["COLLATERAL_MISSING", "COLLATERAL_MISSING"]);
  });
});
