import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { decodeEvidence, encodeEvidence, gpuNonce, withGpuClaims } from "@cloister/attestation";
import { gpuClaimsFromFolder } from "@cloister/attestation/sources";
import { sourceFaultOf } from "./source-fault.ts";

const nonce = new Uint8Array(32).fill(0xab);
const name = "ab".repeat(32);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-gpu-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The image's agent: answers what it is asked with claims over that nonce. */
async function answer(): Promise<void> {
  const asked = await readFile(join(folder, `${name}.nonce`), "utf8");
  await writeFile(join(folder, "draft"), `claims over ${asked}`);
  await rename(join(folder, "draft"), join(folder, `${name}.json`));
}

describe("claims about GPUs from the image's agent", () => {
  it("are its answer to the nonce, and leave no file behind", async () => {
    const claims = await gpuClaimsFromFolder(folder, nonce, { wait: answer });
    expect([Buffer.from(claims).toString(), await readdir(folder)]).toEqual([`claims over ${name}`, []]);
  });

  it("are missed where no agent runs", async () => {
    const wait = (): Promise<void> => Promise.resolve();
    expect(await sourceFaultOf(() => gpuClaimsFromFolder(folder, nonce, { attempts: 3, wait }))).toBe("DEVICE_BUSY");
    expect(await readdir(folder)).toEqual([]);
  });

  it("are missed where the folder can't be written", async () => {
    expect(await sourceFaultOf(() => gpuClaimsFromFolder(join(folder, "absent"), nonce))).toBe("DEVICE_DENIED");
  });
});

describe("a source with claims about GPUs", () => {
  const reportData = new Uint8Array(64).fill(3);
  const source = {
    format: "sev-snp" as const,
    collect: async (data: Uint8Array) => encodeEvidence({ format: "sev-snp", body: data }),
  };

  it("asks for them over the nonce of this evidence, and brings them along", async () => {
    const whole = withGpuClaims(source, async (asked) => Uint8Array.of(...asked, 1));
    const { format, body, gpuClaims } = decodeEvidence(await whole.collect(reportData));
    expect([format, body, gpuClaims]).toEqual(["sev-snp", reportData, Uint8Array.of(...gpuNonce(reportData), 1)]);
  });
});
