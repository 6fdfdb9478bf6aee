/** `npm run bench retrieval`: how well passages are found, by words and by vectors, and what a search costs. */
import { banking77 } from "./banking77.ts";
import { findings } from "./finding.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const split = banking77();
if (split !== undefined) {
  for (const hasTypingErrors of [false, true]) {
    console.log(`\n### ${hasTypingErrors ? "One typing error a question" : "As they were asked"}\n`);
    console.log("| nearest known question by | right intent | among the first three |");
    console.log("| --- | ---: | ---: |");
    for (const { by, first, firstThree } of await findings(split, hasTypingErrors)) {
      console.log(`| ${by} | ${percent(first)} | ${percent(firstThree)} |`);
    }
  }
}
