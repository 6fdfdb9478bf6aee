import { describe, expect, it } from "@jest/globals";
import { detectHardware, isThere } from "@cloister/attestation/sources";
import { FakeKernel } from "@cloister/testing/evidence";
import { sourceFaultOf } from "./source-fault.ts";

const paths = { nsmPath: "/dev/nsm", tsmFolder: "/sys/kernel/config/tsm/report" };

/** A machine on which these paths are there, and whose kernel's reports are of that provider. */
function machine(there: readonly string[], provider?: string) {
  const report = () => ({ outblob: new Uint8Array(1) });
  const tsmFiles = new FakeKernel(provider === undefined ? undefined : { name: provider, report });
  return { ...paths, tsmFiles, isThere: async (path: string) => there.includes(path) };
}

describe("the TEE that this is a guest of", () => {
  it.each([
    ["aws-nitro", machine([paths.nsmPath])],
    ["sev-snp", machine([paths.tsmFolder], "sev_guest")],
    ["intel-tdx", machine([paths.tsmFolder], "tdx_guest")],
  ])("is found to be %s", async (format, places) => {
    expect(await detectHardware(places)).toBe(format);
  });

  it.each([
    ["none shows itself", machine([]), "DEVICE_MISSING"],
    ["the guest driver isn't loaded", machine([paths.tsmFolder]), "DEVICE_MISSING"],
    ["two show themselves", machine([paths.nsmPath, paths.tsmFolder], "sev_guest"), "SEVERAL_DEVICES"],
    ["it is one that nothing here verifies", machine([paths.tsmFolder], "arm_cca_guest"), "OTHER_HARDWARE"],
  ])("is refused where %s", async (_why, places, fault) => {
    expect(await sourceFaultOf(() => detectHardware(places))).toBe(fault);
  });

  it("leaves nothing in the kernel's folder", async () => {
    const places = machine([paths.tsmFolder], "sev_guest");
    await detectHardware(places);
    expect([places.tsmFiles.folders.size, places.tsmFiles.removed.length]).toEqual([0, 1]);
  });

  it("is looked for on the disk", async () => {
    expect([await isThere(import.meta.filename), await isThere(`${import.meta.filename}.absent`)]).toEqual([
      true,
      false,
    ]);
  });
});
