/**
 * `npm run bench retrieval`: how well passages are found, by words and by vectors, and what a search costs. Prints the
 * tables of docs/retrieval.md; `-- --cost` those of docs/performance.md alone, `-- --protected` what a store of protected
 * vectors finds and gives away (`--passages N` for others than 100,000).
 */
import { cpus } from "node:os";
import { defaultBeta, staticEmbedder } from "@cloister/retrieval";
import { banking77, type Split } from "./banking77.ts";
import { findings } from "./finding.ts";
import { candidateCounts, cosineByChance, knownPairs, protection, protectionWorld } from "./protection.ts";
import { searchCost } from "./search-cost.ts";
import { storeSearch } from "./store-search.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

const split = banking77();
if (split !== undefined && process.argv.includes("--protected")) await printProtected(split);
else if (split !== undefined) {
  if (!process.argv.includes("--cost")) await printFindings(split);
  await printCost(split);
}

async function printProtected(questions: Split): Promise<void> {
  const given = process.argv.indexOf("--passages");
  const count = given === -1 ? 100_000 : Number(process.argv[given + 1]);
  const world = await protectionWorld(questions, count, 100);
  const cells = (values: Iterable<string>): string => [...values].join(" | ");
  console.log(`\n${count.toLocaleString("en")} passages, 100 questions. Beta of this build: ${defaultBeta}.`);
  console.log(`Two passages by chance have a cosine of ${cosineByChance(world).toFixed(2)}.\n`);
  console.log(`| beta | ${cells(candidateCounts.map((k) => `recall@10 of ${k}`))} | neighbours seen |`);
  console.log(`| ---: | ${cells(candidateCounts.map(() => "---:"))} | ---: |`);
  const measured = [0.5, 1, 1.5].map((beta) => protection(world, beta));
  for (const { beta, recall, neighbours } of measured) {
    console.log(`| ${beta} | ${cells([...recall.values()].map(percent))} | ${percent(neighbours)} |`);
  }
  console.log(`\n| beta | ${cells(knownPairs.map((pairs) => `${pairs.toLocaleString("en")} pairs known`))} |`);
  console.log(`| ---: | ${cells(knownPairs.map(() => "---:"))} |`);
  for (const { beta, recovered } of measured) {
    const found = [...recovered.values()].map(
      ({ cosine, identified }) => `${cosine.toFixed(2)}, ${percent(identified)}`,
    );
    console.log(`| ${beta} | ${cells(found)} |`);
  }
  const { recall, storeMs, rankMs, storedPerSecond } = await storeSearch(questions, count, 100);
  console.log("\n| pgvector | recall@10 | store ms, median | p95 | open and rank, CPU ms | stored a second |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
  const times = [ms(storeMs.median), ms(storeMs.p95), ms(rankMs), String(Math.round(storedPerSecond))];
  console.log(`| ${count.toLocaleString("en")} passages | ${percent(recall)} | ${cells(times)} |`);
}

async function printFindings(questions: Split): Promise<void> {
  for (const hasTypingErrors of [false, true]) {
    console.log(`\n### ${hasTypingErrors ? "With one typing error in each question" : "As they were asked"}\n`);
    console.log("| nearest known question by | right intent | among the first three |");
    console.log("| --- | ---: | ---: |");
    for (const { by, first, firstThree } of await findings(questions, hasTypingErrors)) {
      console.log(`| ${by} | ${percent(first)} | ${percent(firstThree)} |`);
    }
  }
}

async function printCost({ known }: Split): Promise<void> {
  const texts = known.map(({ text }) => text);
  console.log(`\nNode ${process.version}, ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores.\n`);
  console.log("| passages | cold ms | of it opening ms | warm ms | of it vectors ms | held, MiB |");
  console.log("| ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const count of [1_000, 10_000, 100_000]) {
    const { coldMs, openMs, warmMs, vectorsMs, megabytes } = await searchCost(texts, count);
    const cells = [ms(coldMs), ms(openMs), ms(warmMs), ms(vectorsMs), ms(megabytes)];
    console.log(`| ${count.toLocaleString("en")} | ${cells.join(" | ")} |`);
  }
  const before = process.cpuUsage();
  await staticEmbedder().embed(texts);
  const { user, system } = process.cpuUsage(before);
  const perSecond = Math.round(texts.length / ((user + system) / 1e6));
  console.log(`\nThe static embedder: ${perSecond.toLocaleString("en")} questions a second on one core.`);
}
