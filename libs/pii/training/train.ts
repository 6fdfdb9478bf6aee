/**
 * Trains the names model from the data in ../shared/data (beside the repository) and the word lists of two packages,
 * prints its figures on texts it has not seen, and writes the artefact that the library loads.
 *   node libs/pii/training/train.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { openArtefact, openClusters, type WordClusterTable } from "../src/names/artefact.ts";
import { Lexicon } from "../src/names/lexicon.ts";
import { createPerceptron } from "../src/names/perceptron.ts";
import { readConll } from "./corpus/conll.ts";
import { readGenerated } from "./corpus/generated.ts";
import { readQuestions } from "./corpus/questions.ts";
import { synthesize } from "./corpus/synthetic.ts";
import { learn } from "./learn.ts";
import { filtersFrom } from "./lists.ts";
import { measure } from "./measure.ts";
import { pack } from "./pack.ts";
import { Random } from "./random.ts";
import { readWordLists } from "./word-lists.ts";

const epochs = 10;
const mostFeatures = 300_000;
// People and places are looked for eagerly, since a miss costs more than a false find; organizations are not.
const tuning = { kindBias: { PERSON: 6, LOCATION: 6, ORGANIZATION: 0 }, marginScale: 40 };

const data = new URL("../../../../shared/data/", import.meta.url);
const artefactFile = new URL("../src/names/model.json", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, data), "utf8");

const random = new Random(20_240_501);
const lists = readWordLists();
const filters = filtersFrom(lists);
// Proof of the shape: written by clusters.ts beside it.
const clusters = JSON.parse(readFileSync(new URL("clusters.json", import.meta.url), "utf8")) as WordClusterTable;
const generated = readGenerated(read("pii-dev/generated_large.json"));
const isHeldOut = (example: { templateId: number }): boolean => example.templateId % 5 === 0;

const training = [
  ...readConll(read("ner/btc.train.conll")),
  ...readConll(read("ner/wnut17train.conll")),
  ...generated.filter((example) => !isHeldOut(example)),
  ...readQuestions(read("chat/banking77.train.csv")).slice(0, 3000),
  ...synthesize(24_000, lists, random),
];
const heldOut = {
  "tweets (BTC dev)": readConll(read("ner/btc.dev.conll")),
  "emerging names (WNUT-17 dev)": readConll(read("ner/emerging.dev.conll")),
  "generated, unseen templates": generated.filter(isHeldOut),
};

const startedAt = performance.now();
const learned = learn(training, new Lexicon(filters, openClusters(clusters)), epochs, random);
console.log(`${training.length} texts, ${epochs} epochs, ${Math.round((performance.now() - startedAt) / 1000)} s`);

for (const kindBias of [tuning.kindBias, { PERSON: 0, LOCATION: 0, ORGANIZATION: 0 }]) {
  const finder = createPerceptron(
    openArtefact(pack(learned, filters, clusters, mostFeatures, { ...tuning, kindBias })),
  );
  console.log(`bias of people, places, organizations: ${Object.values(kindBias).join(", ")}`);
  for (const [name, examples] of Object.entries(heldOut)) {
    for (const type of ["PERSON", "LOCATION", "ORGANIZATION"] as const) {
      const { precision, recall, f1, gold } = measure(finder, examples, type);
      console.log(
        `  ${name.padEnd(30)} ${type.padEnd(12)} P ${precision.toFixed(3)} R ${recall.toFixed(3)} F1 ${f1.toFixed(3)} (${gold})`,
      );
    }
  }
}
const artefact = JSON.stringify(pack(learned, filters, clusters, mostFeatures, tuning), null, 2);
writeFileSync(artefactFile, `${artefact}\n`);
console.log(`${Math.round(artefact.length / 1024)} KiB`);
