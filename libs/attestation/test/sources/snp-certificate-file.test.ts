import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { snpCertificateFromFile, snpRevocationListFromFile } from "@cloister/attestation/sources/configfs-tsm";
import { sourceFaultOf } from "./source-fault.ts";

const der = Uint8Array.of(0x30, 3, 2, 1, 7);
const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString("base64")}\n-----END CERTIFICATE-----\n`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-vcek-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the VCEK of a file", () => {
  it.each([
    ["as AMD's KDS serves it", der],
    ["as PEM, AMD's authorities after it", Buffer.from(`\n${pem(der)}${pem(Uint8Array.of(0x30, 0))}`)],
  ])("is read %s", async (_form, content) => {
    const file = join(folder, "vcek");
    await writeFile(file, content);
    expect(await snpCertificateFromFile(file)).toEqual(der);
  });

  it("has AMD's list of revoked authorities beside it, byte for byte", async () => {
    const file = join(folder, "ark.crl");
    expect(await sourceFaultOf(() => snpRevocationListFromFile(file))).toBe("COLLATERAL_MISSING");
    await writeFile(file, der);
    expect(await snpRevocationListFromFile(file)).toEqual(der);
  });

  it("is missed with the sentence what to look at", async () => {
    const file = join(folder, "absent");
    expect(await sourceFaultOf(() => snpCertificateFromFile(file))).toBe("COLLATERAL_MISSING");
    await expect(snpCertificateFromFile(file)).rejects.toThrow(/absent can't be read \(ENOENT\): does the job/);
  });
});
