import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { definePolicy, policyFromJson, policyToJson, signerFromSeed } from "@cloister/policy";
import { deriveTenantId } from "@cloister/envelope";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

const page = readFileSync(join(repositoryRoot, "docs/attestation.md"), "utf8");
const files = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gmu)].map(([, text = ""]) => JSON.parse(text) as object);
const root = signerFromSeed(new Uint8Array(32).fill(1)).publicKey;

/** A development policy of which the page's fields replace their namesakes, as `policy sign --from` does it. */
function withFields(fields: object) {
  const base = definePolicy("standard", {
    version: 1,
    tenantId: deriveTenantId(root),
    roots: [root],
    notBeforeMs: 0,
    expiresAtMs: 60_000,
    measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] },
    admissionIssuers: [],
    kms: { custody: "byok", provider: "local", keyRef: "" },
    development: true,
  });
  return policyFromJson({ ...policyToJson(base), ...fields });
}

describe("docs/attestation.md", () => {
  it("has policy files for each kind of hardware", () => {
    const written = JSON.stringify(files);
    const kinds = ["aws-nitro", "sev-snp", "intel-tdx", "machines", "gpuIssuer"];
    expect(kinds.filter((kind) => !written.includes(`"${kind}":`))).toEqual([]);
  });

  it.each(files.map((fields) => [Object.keys(fields).join(", "), fields] as const))(
    "has a file with %s that can be signed",
    (_names, fields) => {
      expect(policyToJson(withFields(fields))).toMatchObject(fields);
    },
  );

  it("has a whole file that production can sign", () => {
    const [whole] = files.filter((fields) => "measurements" in fields);
    expect(() => withFields({ ...whole, development: false })).not.toThrow();
  });
});
