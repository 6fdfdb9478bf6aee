import { parentPort, workerData } from "node:worker_threads";
import { createDetector, type Detector, type DetectorOptions } from "@cloister/pii";
import type { NamesModelChoice } from "@cloister/deep-names";
import { answerTo, type SecondReader, type TextJob, type TextWork } from "./text-job.ts";

// The other thread: texts come in by message, answers go out, nothing is kept but detectors and a model.

const mostKept = 32;
const detectors = new Map<string, Detector>();

function detectorFor(options: DetectorOptions): Detector {
  const name = JSON.stringify(options);
  const detector = detectors.get(name) ?? createDetector(options);
  if (detectors.size >= mostKept) detectors.clear();
  detectors.set(name, detector);
  return detector;
}

// As TextThread hands it over.
const model = workerData as NamesModelChoice | undefined;
let reader: Promise<SecondReader> | undefined;

async function openModel(choice: NamesModelChoice): Promise<SecondReader> {
  const { openTokenClassifier } = await import("@cloister/deep-names");
  return openTokenClassifier(choice);
}

const work: TextWork = {
  detectorFor,
  ...(model && { secondReader: () => (reader ??= openModel(model)) }),
};

// One after the other, answered in the order in which they came.
let last: Promise<void> = Promise.resolve();

parentPort?.on("message", (job: TextJob) => {
  last = last.then(async () => {
    parentPort?.postMessage(await answerTo(job, work));
  });
});
