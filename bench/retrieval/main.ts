/**
 * `npm run bench retrieval`: how well passages are found, by words and by vectors, and what a search costs. Prints the
 * tables of docs/retrieval.md; `-- --cost` those of docs/performance.md alone.
 */
import { cpus } from "node:os";
import { staticEmbedder } from "@cloister/retrieval";
import { banking77, type Split } from "./banking77.ts";
import { findings } from "./finding.ts";
import { searchCost } from "./search-cost.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

const split = banking77();
if (split !== undefined) {
  if (!process.argv.includes("--cost")) await printFindings(split);
  await printCost(split);
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
