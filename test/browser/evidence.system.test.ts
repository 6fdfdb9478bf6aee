import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyCase } from "@cloister/attestation/conformance";
import { level, quote, tcbInfo, tdxCase } from "@cloister/testing/evidence/tdx";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { bundle } from "./bundle.ts";
import { callPage, openPage } from "./call-page.ts";
import { describeInChromium } from "./describe-in-chromium.ts";
import type { EvidencePage } from "./evidence-page.ts";
import { servePage, type PageServer } from "./page-server.ts";

const vectors = join(repositoryRoot, "../shared/vectors/attestation");
const skipped = existsSync(vectors) ? "" : " (skipped: the shared vectors are absent)";
const itWithVectors = skipped === "" ? it : it.skip;

describeInChromium("evidence of hardware in Chromium", (page) => {
  let server: PageServer;

  beforeAll(async () => {
    const { script } = await bundle({ entry: join(import.meta.dirname, "evidence-page.ts") });
    server = await servePage(script);
    await openPage(page(), server.url);
  }, 60_000);
  afterAll(() => server.close());

  const outcomeOf = (input: object) => callPage<EvidencePage, "outcome">(page(), "outcome", input);

  it("is verified by WebCrypto there: TDX of both versions, and a changed quote", async () => {
    const changed = quote().map((byte, index) => (index === 300 ? byte ^ 1 : byte));
    const old = { tcb_info_json: tcbInfo({ tcbLevels: [level({ status: "OutOfDate" })] }) };
    const cases = [{}, { quote: quote({ version: 5, guestOf15: {} }) }, { quote: changed }, { collateral: old }];
    const outcomes = await Promise.all(cases.map((change) => outcomeOf(tdxCase(change))));
    expect(outcomes.map(({ code }) => code)).toEqual([
      "accepted",
      "accepted",
      "QUOTE_SIGNATURE_INVALID",
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
    ]);
  });

  itWithVectors(`comes to what it comes to in Node, case by case${skipped}`, async () => {
    const folder = join(vectors, "conformance");
    const inputs = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("input.json"))
      .map((path) => JSON.parse(readFileSync(join(folder, path), "utf8")) as object);
    const here = await Promise.all(inputs.map((input) => verifyCase(input, 0)));
    const there = await Promise.all(inputs.map(outcomeOf));
    expect(there).toEqual(
      here.map(({ exitCode, output }) => ({ exitCode, code: output.rejection?.code ?? "accepted" })),
    );
  });

  itWithVectors(`is verified of real Nitro enclaves, at their time and no other${skipped}`, async () => {
    // Four bytes of its carrier lie before the document, and what that carried besides behind it.
    const carried = readFileSync(join(vectors, "nitro/document-2025-12-25T131537Z.bin")).subarray(4);
    const document = carried.subarray(0, 10 + carried.readUInt16BE(8) + 2 + 96).toString("hex");
    const at = (nowMs: number) => callPage<EvidencePage, "nitro">(page(), "nitro", document, nowMs);
    const madeAtMs = 1_766_668_537_578;
    expect([await at(madeAtMs), await at(madeAtMs + 86_400_000)]).toEqual(["accepted", "EVIDENCE_EXPIRED"]);
  });
});
