/** How long the verification of evidence takes beside the one signature check that none can do without. */
import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { NitroAuthenticator } from "@cloister/attestation/nitro";
import { SnpAuthenticator } from "@cloister/attestation/sev-snp";
import { strictRequirements, TdxTrust, verifyTdxQuote } from "@cloister/attestation/tdx";
import { countOutcomes, flips, TestAmd, TestNitro } from "@cloister/testing/evidence";
import * as tdx from "@cloister/testing/evidence/tdx";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "400" } } });
const rounds = Number(values.rounds);
const nowMs = Date.UTC(2026, 10, 22, 12);

interface Contender {
  readonly name: string;
  readonly verify: () => Promise<unknown>;
}

const amd = await TestAmd.make();
const hypervisor = await TestNitro.make();
const [report, endorsement, document] = [await amd.report(), await amd.endorse(), await hypervisor.document(nowMs)];
const newSnp = () => new SnpAuthenticator({ ark: amd.ark, ask: amd.ask });
const newNitro = () => new NitroAuthenticator([hypervisor.rootSha256Hex]);
const [warmSnp, warmNitro] = [newSnp(), newNitro()];

const newTdx = () => TdxTrust.fromPem(tdx.pem(tdx.root));
const warmTdx = newTdx();
const quote = tdx.quote();
const verifyTdx = (bytes: Uint8Array, trust: TdxTrust) =>
  verifyTdxQuote(bytes, tdx.collateral, {
    trust,
    requirements: strictRequirements,
    nowMs: tdx.nowMs,
    bytesAfterQuote: "refused",
  });

const contenders: Contender[] = [
  { name: "floor: one ECDSA P-384 check by WebCrypto", verify: await rawSignature(report.length) },
  { name: "SEV-SNP, warm", verify: () => warmSnp.authenticate(report, { endorsementKey: endorsement }, nowMs) },
  {
    name: "SEV-SNP, chain not seen before",
    verify: () => newSnp().authenticate(report, { endorsementKey: endorsement }, nowMs),
  },
  { name: "Nitro, warm", verify: () => warmNitro.authenticate(document, nowMs) },
  { name: "Nitro, chain not seen before", verify: () => newNitro().authenticate(document, nowMs) },
  { name: "TDX, warm", verify: () => verifyTdx(quote, warmTdx) },
  { name: "TDX, chain and collateral not seen before", verify: () => verifyTdx(quote, newTdx()) },
];

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${String(cpus().length)} cores; load ${loadavg()[0]?.toFixed(1) ?? "?"} at the start; ${String(rounds)} interleaved rounds.\n`,
);
const samples = new Map(contenders.map((contender) => [contender, new Array<number>()]));
for (let round = -50; round < rounds; round++) {
  for (const [contender, ms] of samples) {
    const took = await timed(contender.verify);
    if (round >= 0) ms.push(took);
  }
}
const floorMs = percentile(samples.values().next().value ?? [], 0.5);
console.log("| | p50 ms | p99 ms | × floor |\n|---|--:|--:|--:|");
for (const [{ name }, ms] of samples) {
  const p50 = percentile(ms, 0.5);
  console.log(`| ${name} | ${p50.toFixed(2)} | ${percentile(ms, 0.99).toFixed(2)} | ${(p50 / floorMs).toFixed(2)} |`);
}
await printFlips();

/** Every byte of each document changed, one at a time: the slowest refusal. */
async function printFlips(): Promise<void> {
  const judged: [string, Uint8Array, (changed: Uint8Array) => Promise<unknown>][] = [
    ["SEV-SNP report", report, (changed) => warmSnp.authenticate(changed, { endorsementKey: endorsement }, nowMs)],
    ["SEV-SNP certificate", endorsement, (changed) => warmSnp.authenticate(report, { endorsementKey: changed }, nowMs)],
    ["Nitro document", document, (changed) => warmNitro.authenticate(changed, nowMs)],
    ["TDX quote", quote, (changed) => verifyTdx(changed, warmTdx)],
    ...realDocuments(),
  ];
  console.log("\n| each byte changed | variants | accepted | slowest CPU ms |\n|---|--:|--:|--:|");
  for (const [name, bytes, verify] of judged) {
    let slowestMs = 0;
    const outcomes = await countOutcomes(
      flips(bytes),
      async (changed) => {
        let outcome = "accepted";
        const before = process.cpuUsage();
        await verify(changed).catch(() => (outcome = "refused"));
        const { user, system } = process.cpuUsage(before);
        slowestMs = Math.max(slowestMs, (user + system) / 1000);
        return outcome;
      },
      1,
    );
    const { accepted = 0, refused = 0 } = outcomes;
    console.log(`| ${name} | ${String(accepted + refused)} | ${String(accepted)} | ${slowestMs.toFixed(1)} |`);
  }
}

function realDocuments(): [string, Uint8Array, (changed: Uint8Array) => Promise<unknown>][] {
  const folder = fileURLToPath(new URL("../../../shared/vectors/attestation/snp/", import.meta.url));
  if (!existsSync(folder)) return [];
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(folder + name));
  const [real, key] = [read("milan-v2-report.bin"), read("milan-v2-vcek.der")];
  const byAmd = new SnpAuthenticator();
  return [["a Milan's report", real, (changed) => byAmd.authenticate(changed, { endorsementKey: key }, nowMs)]];
}

async function rawSignature(bytes: number): Promise<() => Promise<boolean>> {
  const data = new Uint8Array(bytes);
  const scheme = { name: "ECDSA", hash: "SHA-384" };
  const { publicKey } = amd.chipKey.pair;
  const signature = await amd.chipKey.signRaw(data);
  return () => crypto.subtle.verify(scheme, publicKey, signature.slice(), data);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** The value that a share `p` (0 to 1) of the samples does not exceed. */
function percentile(samplesMs: readonly number[], p: number): number {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}
