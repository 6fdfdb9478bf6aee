import { describe, expect, it } from "@jest/globals";
import { disagreementOf, verifyCase } from "@cloister/attestation/conformance";
import { conformanceCases, describeWithVectors, jsonVector } from "./shared-vectors.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);

describeWithVectors("a conformance case", () => {
  it.each(conformanceCases())("comes to what is expected of it: %s", async (folder) => {
    const [input, expected] = [jsonVector(`${folder}/input.json`), jsonVector(`${folder}/expected.json`)];
    expect(await disagreementOf(input, expected, nowMs)).toBeUndefined();
  });

  const happy = "conformance/attestation-sev/200-real-sev-snp-happy";
  const change = (changes: object): object => Object.assign({}, jsonVector(`${happy}/input.json`), changes);

  it.each<[string, object, number, string]>([
    ["another schema", { schema_version: "2" }, 30, "INPUT_MALFORMED"],
    ["evidence that isn't base64", { attestation_doc_b64: "H4sI=" }, 30, "INPUT_MALFORMED"],
    ["no certificate", { vcek_der_b64: undefined }, 30, "INPUT_MALFORMED"],
    ["a measurement that isn't hex", { policy: { expected_measurement_hex: "zz" } }, 30, "INPUT_MALFORMED"],
    ["a patch level that no byte holds", { policy: { min_tcb_snp_spl: 256 } }, 30, "INPUT_MALFORMED"],
    ["a demand that this build doesn't know", { policy: { expected_vmpl: 0 } }, 20, "UNSUPPORTED"],
    ["evidence that isn't gzip", { attestation_doc_b64: "AAAA" }, 10, "REPORT_FORMAT_UNSUPPORTED"],
    ["a root that isn't PEM", { amd_root_ca_pem: "root" }, 10, "ARK_UNTRUSTED"],
    ["an authority that isn't PEM", { ask_pem: "ask" }, 10, "ASK_INVALID"],
    ["a clock after its certificate's end", { expiration_check_date_unix: 2_524_608_000 }, 10, "VCEK_EXPIRED"],
    ["another measurement", { policy: { expected_measurement_hex: "00".repeat(48) } }, 10, "MEASUREMENT_MISMATCH"],
    ["a measurement of another length", { policy: { expected_measurement_hex: "" } }, 10, "MEASUREMENT_MISMATCH"],
    ["other host data", { policy: { expected_host_data_hex: "11".repeat(32) } }, 10, "HOST_DATA_MISMATCH"],
    ["other report data", { policy: { expected_report_data_hex: "11".repeat(64) } }, 10, "REPORT_DATA_MISMATCH"],
    ["another id key", { policy: { expected_id_key_digest_hex: "11".repeat(48) } }, 10, "ID_KEY_DIGEST_MISMATCH"],
    [
      "another author",
      { policy: { expected_author_key_digest_hex: "11".repeat(48) } },
      10,
      "AUTHOR_KEY_DIGEST_MISMATCH",
    ],
    ["newer microcode demanded", { policy: { min_tcb_ucode_spl: 85 } }, 10, "TCB_OUT_OF_DATE"],
    ["a newer SNP demanded", { policy: { min_tcb_snp_spl: 24 } }, 10, "TCB_OUT_OF_DATE"],
    ["a newer TEE demanded", { policy: { min_tcb_tee_spl: 1 } }, 10, "TCB_OUT_OF_DATE"],
  ])("is refused with %s", async (_name, changes, exitCode, code) => {
    const { exitCode: actual, output } = await verifyCase(change(changes), nowMs);
    expect([actual, output.rejection?.code]).toEqual([exitCode, code]);
  });

  it("is accepted with exactly what its policy expects, in hex of either case", async () => {
    const policy = {
      expected_measurement_hex:
        "09EF32ACF90FCFEB6206D1A46C13145CEF736EBBB83F18EAFF680B686232031546FF5FD39C44599699EE8734CBBEB519",
      expected_host_data_hex: "00".repeat(32),
      min_tcb_bl_spl: 10,
      min_tcb_snp_spl: 23,
      min_tcb_ucode_spl: 84,
      enforce_spec_defaults: true,
    };
    expect((await verifyCase(change({ policy }), nowMs)).exitCode).toBe(0);
  });

  it("takes the given clock where the case brings none", async () => {
    const without = change({ expiration_check_date_unix: undefined });
    expect((await verifyCase(without, nowMs)).exitCode).toBe(0);
    expect((await verifyCase(without, Date.UTC(2050, 0))).output.rejection?.code).toBe("VCEK_EXPIRED");
  });

  it("takes Intel's own signer of that day where collateral comes without its issuers", async () => {
    const input = jsonVector("conformance/attestation-tdx/300-tdx-v4-happy/input.json");
    const at = async (number: number) => {
      const policy = { tcb_evaluation_required: false, min_tcb_evaluation_data_number: number };
      return (await verifyCase(Object.assign({}, input, { policy }), nowMs)).output.rejection?.code;
    };
    expect([await at(15), await at(16)]).toEqual([undefined, "TCB_EVAL_DATA_NUMBER_TOO_LOW"]);
  });

  it("disagrees in words where it comes to something else", async () => {
    const input = change({});
    expect([
      await disagreementOf(input, { accepted: false, rejection: { code: "ARK_UNTRUSTED" } }, nowMs),
      await disagreementOf(input, { accepted: true, outputs: { body_fields: { version: 2 } } }, nowMs),
      await disagreementOf(change({ ask_pem: "" }), { accepted: false, rejection: { code: ["X", "Y"] } }, nowMs),
      await disagreementOf(input, {}, nowMs),
    ]).toEqual([
      "expected rejected (ARK_UNTRUSTED), found accepted",
      "outputs.body_fields.version: expected 2, found 3",
      "expected X or Y, found ASK_INVALID",
      "its expected.json is none",
    ]);
  });
});

describe("what is no conformance case", () => {
  const long = "A".repeat(8 * 1024 * 1024);

  it.each<[string, object, number, string]>([
    ["megabytes of document", { nitro_document_b64: long }, 10, "EVIDENCE_MALFORMED"],
    ["megabytes of report", { attestation_doc_b64: long, vcek_der_b64: long }, 10, "REPORT_FORMAT_UNSUPPORTED"],
    ["megabytes that are no base64", { nitro_document_b64: `${long}A` }, 30, "INPUT_MALFORMED"],
    [
      "megabytes of hex",
      { nitro_document_b64: "AAAA", policy: { expected_nonce_hex: long } },
      10,
      "EVIDENCE_MALFORMED",
    ],
    ["base64 that is padded inside", { nitro_document_b64: "AA=A" }, 30, "INPUT_MALFORMED"],
    ["padding alone", { nitro_document_b64: "====" }, 30, "INPUT_MALFORMED"],
  ])("is told so with %s", async (_name, fields, exitCode, code) => {
    const outcome = await verifyCase({ schema_version: "1", ...fields }, nowMs);
    expect([outcome.exitCode, outcome.output.rejection?.code]).toEqual([exitCode, code]);
  });

  it.each([[null], [[]], ["text"], [{}], [{ attestation_doc_b64: 1 }]])("is malformed: %j", async (input) => {
    expect((await verifyCase(input, nowMs)).exitCode).toBe(30);
  });
});
