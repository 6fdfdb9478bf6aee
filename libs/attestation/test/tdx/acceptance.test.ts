import { describe, expect, it } from "@jest/globals";
import { verifyCase } from "@cloister/attestation/conformance";
import { outcomeOf, outputsOf } from "./outcome.ts";
import {
  guest,
  level,
  moduleFields,
  nowMs,
  partLevel,
  pckCertificate,
  pem,
  authorityCertificate,
  base64,
  pckList,
  qeIdentity,
  quote,
  root,
  rootList,
  tcbInfo,
  tdxCase,
  tdxComponents,
} from "@cloister/testing/evidence/tdx";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("a genuine TDX quote", () => {
  it("is accepted in version 4, and says what its guest is", async () => {
    expect(await outputsOf()).toMatchObject({
      quote_version: 4,
      tee_type: "TDX",
      fmspc_hex: "00906ed50000",
      qv_result: "OK",
      tcb_evaluation_data_number: 18,
      collateral_expired: false,
      body_fields: {
        mrtd_hex: hex(guest.mrTd),
        td_attributes_decoded: { sec_sept_ve_disable: true, tud_debug: false },
      },
    });
  });

  it("is accepted in version 5 with the body of TDX 1.0", async () => {
    expect(await outputsOf({ quote: quote({ version: 5 }) })).toMatchObject({
      quote_version: 5,
      body_fields: { report_data_hex: hex(guest.reportData) },
    });
  });

  it("is accepted in version 5 with the body of TDX 1.5, and tells its two more fields", async () => {
    const mrServiceTd = new Uint8Array(48).fill(5);
    expect(await outputsOf({ quote: quote({ version: 5, guestOf15: { mrServiceTd } }) })).toMatchObject({
      body_fields: { tee_tcb_svn2_hex: hex(Uint8Array.from(tdxComponents)), mrservicetd_hex: hex(mrServiceTd) },
    });
  });

  it("is accepted by a case with bytes after it, and with a chain that ends as old libraries end it", async () => {
    const endings = ["", "\0"].map((end) => {
      const chain = Buffer.from(pem(pckCertificate(), authorityCertificate(), root) + end);
      return outcomeOf({ quote: quote({ chain, after: Buffer.from("extra") }) });
    });
    expect(await Promise.all(endings)).toEqual(["accepted", "accepted"]);
  });

  it("is accepted with bytes after it up to 64 KiB", async () => {
    const bytes = new Uint8Array(64 * 1024);
    bytes.set(quote());
    expect(await outcomeOf({ quote: bytes })).toBe("accepted");
  });

  it("may be debugged, and its platform be of any status, where a case doesn't ask for either", async () => {
    const debugged = quote({ guest: { tdAttributes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) } });
    const collateral = { tcb_info_json: tcbInfo({ tcbLevels: [level({ status: "OutOfDate" })] }) };
    const outputs = await outputsOf({ quote: debugged, collateral, policy: { tcb_evaluation_required: false } });
    expect(outputs).toMatchObject({ body_fields: { td_attributes_decoded: { tud_debug: true } } });
    expect(outputs).not.toHaveProperty("qv_result");
  });

  it("counts to the last second of its collateral and of its lists", async () => {
    const atEnd = { nextUpdateMs: nowMs };
    const nextUpdate = new Date(nowMs).toISOString().replace(".000", "");
    const collateral = {
      tcb_info_json: tcbInfo({ nextUpdate }),
      qe_identity_json: qeIdentity({ nextUpdate }),
      pck_crl_der_b64: base64(pckList(atEnd)),
      root_crl_der_b64: base64(rootList(atEnd)),
    };
    expect(await outputsOf({ collateral })).toMatchObject({ collateral_expired: false });
  });

  it("is accepted by a case without issuers of the PCK list", async () => {
    expect(await outcomeOf({ without: ["pck_crl_issuer_chain_pem"] })).toBe("accepted");
  });

  it("says that collateral is past its date, which alone is no reason to reject a case", async () => {
    const collateral = { tcb_info_json: tcbInfo({ nextUpdate: "2026-05-31T00:00:00Z" }) };
    expect(await outputsOf({ collateral })).toMatchObject({ collateral_expired: true });
    const identity = { qe_identity_json: qeIdentity({ nextUpdate: "2026-05-31T00:00:00Z" }) };
    expect(await outputsOf({ collateral: identity })).toMatchObject({ collateral_expired: true });
  });

  it("is accepted with all that a policy can expect of it", async () => {
    const policy = {
      enforce_spec_defaults: true,
      expected_fmspc_hex: "00906ED50000",
      expected_mrtd_hex: hex(guest.mrTd).toUpperCase(),
      expected_rtmr3_hex: hex(guest.rtmr3),
      expected_report_data_hex: hex(guest.reportData),
      expected_td_attributes_hex: hex(guest.tdAttributes),
      expected_mrseam_allowlist: ["00".repeat(48), hex(guest.mrSeam)],
      min_tee_tcb_svn_hex: hex(guest.teeTcbSvn),
      min_tcb_evaluation_data_number: 18,
    };
    expect(await outcomeOf({ policy })).toBe("accepted");
  });

  it("is accepted without collateral that is right where a policy doesn't ask for the platform's status", async () => {
    const collateral = { tcb_info_json: "", qe_identity_json: "" };
    expect(await outcomeOf({ collateral, policy: { tcb_evaluation_required: false } })).toBe("accepted");
    expect(await outcomeOf({ collateral })).toBe("TCB_INFO_SIGNATURE_INVALID");
  });

  it("is still judged by the age of its collateral where a policy asks for that alone", async () => {
    const policy = { tcb_evaluation_required: false, min_tcb_evaluation_data_number: 18 };
    const older = { min_tcb_evaluation_data_number: 19, tcb_evaluation_required: false };
    expect([
      await outcomeOf({ policy }),
      await outcomeOf({ policy: older }),
      await outcomeOf({ policy, collateral: { tcb_info_json: "" } }),
    ]).toEqual(["accepted", "TCB_EVAL_DATA_NUMBER_TOO_LOW", "TCB_INFO_SIGNATURE_INVALID"]);
  });

  it("is not judged by what this build doesn't know", async () => {
    expect(await outcomeOf({ policy: { expected_something_hex: "00" } })).toBe("UNSUPPORTED");
  });
});

describe("the status of a TDX platform", () => {
  const results = ["SW_HARDENING_NEEDED", "CONFIG_NEEDED", "CONFIG_AND_SW_HARDENING_NEEDED", "OUT_OF_DATE"];
  const statuses = ["SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate"];
  const outOfDate = [3, 1, 4, ...tdxComponents.slice(3)];

  it.each(results.map((result, index) => [result, statuses[index]]))(
    "%s is accepted where a policy says so",
    async (result, status) => {
      const collateral = { tcb_info_json: tcbInfo({ tcbLevels: [level({ status: status ?? "" })] }) };
      const names = [result, `SGX_QL_QV_RESULT_${result ?? ""}`, `TCB_${result ?? ""}`, status?.toLowerCase()];
      const outcomes = names.map((name) => outcomeOf({ collateral, policy: { accepted_qv_results: [name] } }));
      expect([...(await Promise.all(outcomes)), await outcomeOf({ collateral })]).toEqual([
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
      ]);
    },
  );

  it("is never accepted when revoked, whatever a policy says", async () => {
    const collateral = { tcb_info_json: tcbInfo({ tcbLevels: [level({ status: "Revoked" })] }) };
    expect(await outcomeOf({ collateral, policy: { accepted_qv_results: ["REVOKED"] } })).toBe("TCB_REVOKED");
  });

  it("is that of the first level which all parts reach", async () => {
    const tcbLevels = [
      level({ tdx: tdxComponents.with(2, 9) }),
      level({ pceSvn: 12, status: "SWHardeningNeeded" }),
      level({ status: "ConfigurationNeeded", advisoryIDs: ["INTEL-SA-00001"] }),
      level({ tdx: outOfDate, status: "OutOfDate" }),
    ];
    const policy = { accepted_qv_results: ["CONFIG_NEEDED"] };
    expect(await outputsOf({ collateral: { tcb_info_json: tcbInfo({ tcbLevels }) }, policy })).toMatchObject({
      qv_result: "CONFIG_NEEDED",
      advisory_ids: ["INTEL-SA-00001"],
    });
  });

  it("takes the module's part of a level for modules without an identity of their own", async () => {
    const withoutIdentity = [2, 0, 5, ...tdxComponents.slice(3)];
    const tcb_info_json = tcbInfo({ tcbLevels: [level({ tdx: withoutIdentity })], tdxModuleIdentities: [] });
    const at = (teeTcbSvn: readonly number[]) =>
      outcomeOf({ quote: quote({ guest: { teeTcbSvn: Uint8Array.from(teeTcbSvn) } }), collateral: { tcb_info_json } });
    expect([await at(withoutIdentity), await at(withoutIdentity.with(0, 1))]).toEqual([
      "accepted",
      "QV_RESULT_TERMINAL_UNSPECIFIED",
    ]);
  });

  it.each([
    ["UpToDate", "OUT_OF_DATE"],
    ["SWHardeningNeeded", "OUT_OF_DATE"],
    ["ConfigurationNeeded", "OUT_OF_DATE_CONFIG_NEEDED"],
    ["ConfigurationAndSWHardeningNeeded", "OUT_OF_DATE_CONFIG_NEEDED"],
    ["OutOfDateConfigurationNeeded", "OUT_OF_DATE_CONFIG_NEEDED"],
  ])("that is %s turns into %s under an old module or an old quoting enclave", async (status, result) => {
    const collateral = { tcb_info_json: tcbInfo({ tcbLevels: [level({ status })] }) };
    const policy = { accepted_qv_results: [result] };
    const oldModule = quote({ guest: { teeTcbSvn: Uint8Array.from(tdxComponents.with(0, 2)) } });
    const oldQe = quote({ qe: { isvSvn: Uint8Array.of(5, 0) } });
    const outcomes = [oldModule, oldQe].map((bytes) => outcomeOf({ quote: bytes, collateral, policy }));
    expect(await Promise.all(outcomes)).toEqual(["accepted", "accepted"]);
  });

  it("finds a module's identity by its version, in either case of its digits", async () => {
    const identity = { id: "TDX_0a", ...moduleFields, tcbLevels: [partLevel(3)] };
    const collateral = { tcb_info_json: tcbInfo({ tdxModuleIdentities: [identity] }) };
    const teeTcbSvn = Uint8Array.from(tdxComponents.with(1, 10));
    expect(await outcomeOf({ quote: quote({ guest: { teeTcbSvn } }), collateral })).toBe("accepted");
  });
});

describe("a guest of TDX 1.5 that was started under an old module", () => {
  const old = Uint8Array.from(tdxComponents.with(0, 2));
  const latest = Uint8Array.from(tdxComponents);
  const startedUnderOld = (teeTcbSvn2: Uint8Array<ArrayBuffer>) =>
    quote({ version: 5, guest: { teeTcbSvn: old }, guestOf15: { teeTcbSvn2 } });
  const resultOf = async (bytes: Uint8Array, change: object = {}, isvSvn = 8) => {
    const policy = {
      accepted_qv_results: ["TD_RELAUNCH_ADVISED", "TD_RELAUNCH_ADVISED_CONFIG_NEEDED", "OUT_OF_DATE"],
    };
    const collateral = {
      tcb_info_json: tcbInfo(change),
      qe_identity_json: qeIdentity({ tcbLevels: [partLevel(isvSvn), partLevel(1, "OutOfDate")] }),
    };
    return (await outputsOf({ quote: bytes, collateral, policy }))["qv_result"];
  };

  it("is to be launched anew once the latest module runs", async () => {
    expect(await resultOf(startedUnderOld(latest))).toBe("TD_RELAUNCH_ADVISED");
  });

  it("is to be launched anew and configured where the platform needs that", async () => {
    const tcbLevels = [level({ status: "ConfigurationNeeded" })];
    expect(await resultOf(startedUnderOld(latest), { tcbLevels })).toBe("TD_RELAUNCH_ADVISED_CONFIG_NEEDED");
  });

  it("compares with the first level where the module that runs has no identity", async () => {
    const withoutIdentity = latest.with(1, 0);
    expect([
      await resultOf(startedUnderOld(withoutIdentity)),
      await resultOf(startedUnderOld(withoutIdentity.with(0, 2))),
    ]).toEqual(["TD_RELAUNCH_ADVISED", "OUT_OF_DATE"]);
  });

  it("stays out of date while the old module or old microcode runs, or the quoting enclave is old", async () => {
    expect([
      await resultOf(startedUnderOld(old)),
      await resultOf(startedUnderOld(latest.with(2, 4))),
      await resultOf(startedUnderOld(latest), {}, 9),
    ]).toEqual(["OUT_OF_DATE", "OUT_OF_DATE", "OUT_OF_DATE"]);
  });

  it("stays out of date where more than the module is old", async () => {
    const oldSgx = { tcbLevels: [level({ status: "OutOfDate" })] };
    const current = quote({ version: 5, guestOf15: { teeTcbSvn2: latest } });
    expect([await resultOf(startedUnderOld(latest), oldSgx), await resultOf(current, oldSgx)]).toEqual([
      "OUT_OF_DATE",
      "OUT_OF_DATE",
    ]);
  });

  it("is to be configured, too, whichever status says so", async () => {
    const under = (status: string) => resultOf(startedUnderOld(latest), { tcbLevels: [level({ status })] });
    expect([await under("ConfigurationAndSWHardeningNeeded"), await under("SWHardeningNeeded")]).toEqual([
      "TD_RELAUNCH_ADVISED_CONFIG_NEEDED",
      "TD_RELAUNCH_ADVISED",
    ]);
  });

  it.each([
    ["ConfigurationNeeded", "UpToDate", old, "TD_RELAUNCH_ADVISED_CONFIG_NEEDED"],
    ["UpToDate", "ConfigurationNeeded", old, "TD_RELAUNCH_ADVISED_CONFIG_NEEDED"],
    ["UpToDate", "SWHardeningNeeded", old, "TD_RELAUNCH_ADVISED"],
    ["Revoked", "UpToDate", old, "OUT_OF_DATE"],
    ["OutOfDateConfigurationNeeded", "UpToDate", old, "OUT_OF_DATE"],
    ["UpToDate", "OutOfDate", latest, "OUT_OF_DATE"],
  ])("with SGX parts that are %s and TDX parts that are %s comes to that", async (sgx, tdx, teeTcbSvn, result) => {
    // The first level is reached by the SGX parts alone.
    const levels = [level({ tdx: tdxComponents.with(3, 1), status: sgx }), level({ status: tdx })];
    const bytes = quote({ version: 5, guest: { teeTcbSvn }, guestOf15: { teeTcbSvn2: latest } });
    expect(await resultOf(bytes, { tcbLevels: levels })).toBe(result);
  });

  it("is rejected if TCB info doesn't know the module that runs now", async () => {
    const outcome = await outcomeOf({ quote: startedUnderOld(latest.with(1, 7)) });
    expect(outcome).toBe("QV_RESULT_TERMINAL_UNSPECIFIED");
  });
});

describe("a case's input", () => {
  it("is malformed without a quote in base64, with another schema, or with a root that is none", async () => {
    const input = tdxCase();
    const changes = [
      { quote_b64: "?" },
      { schema_version: "2" },
      { collateral: {} },
      { policy: { expected_xfam_hex: "0" } },
    ];
    const rooted = (text: string) => tdxCase({ collateral: { intel_root_ca_pem: text } });
    const inputs = [
      ...changes.map((change) => ({ ...input, ...change })),
      rooted("none"),
      rooted(pem(root, authorityCertificate())),
    ];
    const outcomes = await Promise.all(inputs.map((changed) => verifyCase(changed, nowMs)));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([30, 30, 30, 30, 30, 30]);
  });

  it("asks for nothing where it says null", async () => {
    const collateral = { tcb_info_issuer_chain_pem: null, qe_identity_issuer_chain_pem: null };
    const nothing = { accepted_qv_results: null, expected_mrtd_hex: null, min_tcb_evaluation_data_number: null };
    expect((await verifyCase({ ...tdxCase(), policy: null }, nowMs)).exitCode).toBe(0);
    expect((await verifyCase(tdxCase({ policy: nothing }), nowMs)).exitCode).toBe(0);
    expect((await verifyCase(tdxCase({ collateral }), nowMs)).output.rejection?.code).toBe("TCB_INFO_CHAIN_INVALID");
  });

  it("takes the caller's clock if it brings none", async () => {
    const input = { ...tdxCase(), expiration_check_date_unix: undefined };
    expect((await verifyCase(input, nowMs)).exitCode).toBe(0);
    expect((await verifyCase(input, 0)).output.rejection?.code).toBe("PCK_EXPIRED");
  });
});
