import { beforeAll, describe, expect, it } from "@jest/globals";
import { AttestationError, encodeEvidence, examineEvidence } from "@cloister/attestation";
import { encodeSnpEvidence, SnpAuthenticator, snpVerifier } from "@cloister/attestation/sev-snp";
import { SOUND_POLICY, TestAmd, type ReportOptions } from "@cloister/testing/evidence";

const nowMs = Date.UTC(2026, 10, 22, 12);
let amd: TestAmd;
let endorsementKey: Uint8Array;
beforeAll(async () => {
  amd = await TestAmd.make();
  endorsementKey = await amd.endorse();
});

async function examined(options: ReportOptions, verifiers = [snpVerifier(new SnpAuthenticator(amd))]) {
  const body = encodeSnpEvidence({ report: await amd.report(options), endorsementKey });
  return examineEvidence(encodeEvidence({ format: "sev-snp", body }), verifiers, nowMs);
}

describe("evidence that nobody's policy judges", () => {
  it("says what it is of, on firmware of any age and whatever its host gave it", async () => {
    const measurement = new Uint8Array(48).fill(5);
    const hostData = new Uint8Array(32).fill(6);
    expect((await examined({ measurement, hostData })).measurement).toEqual(measurement);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ["of a guest that can be debugged", "GUEST_NOT_ALLOWED", () => examined({ policy: SOUND_POLICY | (1n << 19n) })],
    ["of a machine that AMD didn't make", "ROOT_NOT_TRUSTED", () => examined({}, [snpVerifier()])],
    ["of a kind that this build doesn't know", "FORMAT_UNSUPPORTED", () => examined({}, [])],
  ])("is refused %s", async (_what, code, attempt) => {
    const refused: unknown = await attempt().catch((error: unknown) => error);
    expect(refused instanceof AttestationError && refused.code).toBe(code);
  });
});
