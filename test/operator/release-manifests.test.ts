import { encodeEvidence } from "@cloister/attestation";
import { encodeTdxEvidence, parseTdxQuote, tdxMeasurement, TdxTrust, tdxVerifier } from "@cloister/attestation/tdx";
import {
  DAY_MS,
  PolicyError,
  type PolicyChoices,
  type ReleaseManifest,
  signReleaseManifest,
  verifyAuthorityChain,
} from "@cloister/policy";
import * as tdx from "@cloister/testing/evidence/tdx";
import { newSigner, simulatedConfiguration, SimulatedTenant } from "@cloister/testing/tenant";
import { describe, expect, it, jest } from "@jest/globals";

// Machines may be busy.
jest.setTimeout(60_000);

const { nowMs } = tdx;
const verifiers = [tdxVerifier(TdxTrust.fromPem(tdx.pem(tdx.root)))];
/** What runs on the operator's machine, which no list of the tenant's names. */
const program = {
  measurement: tdxMeasurement(parseTdxQuote(tdx.quote(), "refused").report),
  configurationDigest: simulatedConfiguration,
};
const releaser = newSigner();
const anothers = newSigner();

function manifest(changes: Partial<ReleaseManifest> = {}, signer = releaser): Uint8Array {
  const release: ReleaseManifest = {
    name: "cloister",
    version: "1.4.2",
    role: "keys",
    measurements: { "intel-tdx": [program] },
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + DAY_MS,
    ...changes,
  };
  return signReleaseManifest(release, signer);
}

/** What a device finds that is shown a `keys` of that program with these manifests beside its evidence. */
async function verdictOn(manifests: readonly Uint8Array[], choices: Partial<PolicyChoices> = {}): Promise<string> {
  const format = "intel-tdx";
  const source = {
    format,
    collect: async (reportData: Uint8Array) =>
      encodeEvidence({
        format,
        body: encodeTdxEvidence({ quote: tdx.quote({ guest: { reportData } }), collateral: tdx.collateral }),
      }),
    releaseManifests: async () => manifests,
  } as const;
  const tenant = new SimulatedTenant(
    nowMs,
    {
      measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] },
      hardware: { "intel-tdx": {} },
      releaseSigners: {
        keys: [{ name: "release-team", publicKey: releaser.publicKey }],
        redaction: [{ name: "another-team", publicKey: anothers.publicKey }],
      },
      ...choices,
    },
    source,
  );
  const chain = await tenant.chain(nowMs);
  try {
    await verifyAuthorityChain({ tenantId: tenant.tenantId, chain, nowMs, verifiers, allowDevelopment: true });
    return "trusted";
  } catch (error) {
    if (error instanceof PolicyError) return error.code;
    throw error;
  }
}

/** As somebody would change it who can't sign it anew. */
function edited(note: Uint8Array, found: string, written: string): Uint8Array {
  const text = new TextDecoder().decode(note);
  if (!text.includes(found)) throw new Error(`the manifest has no ${found}`);
  return new TextEncoder().encode(text.replace(found, written));
}

const over = manifest({ notAfterMs: nowMs - 1_000 });

describe("an operator that shows release manifests", () => {
  it("is trusted with what the tenant's release signer released", async () => {
    expect(await verdictOn([manifest()])).toBe("trusted");
  });

  it.each<[string, readonly Uint8Array[], string]>([
    ["sign one of its own", [manifest({}, newSigner())], "MEASUREMENT_NOT_ALLOWED"],
    ["show an old one after its window", [over], "MEASUREMENT_NOT_ALLOWED"],
    ["show one before its window", [manifest({ notBeforeMs: nowMs + 1_000 })], "MEASUREMENT_NOT_ALLOWED"],
    ["prolong one that is over", [edited(over, String(nowMs - 1_000), String(nowMs + DAY_MS))], "SIGNATURE_INVALID"],
    ["show the release of another role", [manifest({ role: "redaction" })], "MEASUREMENT_NOT_ALLOWED"],
    ["show one by a signer of another role", [manifest({}, anothers)], "MEASUREMENT_NOT_ALLOWED"],
    [
      "show the release for other hardware",
      [manifest({ measurements: { "sev-snp": [program] } })],
      "MEASUREMENT_NOT_ALLOWED",
    ],
    [
      "run it with settings of its own",
      [manifest({ measurements: { "intel-tdx": [{ ...program, configurationDigest: new Uint8Array(48) }] } })],
      "MEASUREMENT_NOT_ALLOWED",
    ],
    [
      "hide behind more of them than anybody looks at",
      Array.from({ length: 5 }, () => manifest()),
      "MANIFEST_MALFORMED",
    ],
  ])("can't %s", async (_what, manifests, verdict) => {
    expect(await verdictOn(manifests)).toBe(verdict);
  });

  it("can't run a release that the tenant has withdrawn", async () => {
    expect(await verdictOn([manifest()], { withdrawn: [program.measurement] })).toBe("MEASUREMENT_WITHDRAWN");
  });
});
