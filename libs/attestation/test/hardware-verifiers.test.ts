import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { anyHardware, AttestationError, type EvidencePolicy, hardwareVerifiers } from "@cloister/attestation";

const policy: EvidencePolicy = {
  measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] },
  simulatedRoots: [],
  hardware: anyHardware,
};

describe("the verifiers of all hardware", () => {
  it("are those of the formats that a production build accepts", () => {
    expect(hardwareVerifiers.map(({ format }) => format)).toEqual(["aws-nitro", "sev-snp", "intel-tdx"]);
  });

  it.each(hardwareVerifiers.map((verifier) => [verifier.format, verifier] as const))(
    "refuse what is no evidence of %s, each time",
    async (_format, verifier) => {
      const refusals = [1, 2].map(async () => {
        try {
          await verifier.verify(Uint8Array.of(1, 2, 3), policy, 0);
          return undefined;
        } catch (error) {
          return error instanceof AttestationError ? error.code : "another error";
        }
      });
      expect(await Promise.all(refusals)).toEqual(["EVIDENCE_MALFORMED", "EVIDENCE_MALFORMED"]);
    },
  );

  it("are loaded when they are met: the library's door imports no format's code", () => {
    const source = readFileSync(new URL("../src/hardware-verifiers.ts", import.meta.url), "utf8");
    expect(source.match(/^import .*formats/gm)).toBeNull();
  });
});
