import { parentPort } from "node:worker_threads";
import { createDetector, type Detector, type DetectorOptions } from "@cloister/pii";
import { answerTo, type TextJob } from "./text-job.ts";

// The other thread: texts come in by message, answers go out, nothing is kept but detectors.

const mostKept = 32;
const detectors = new Map<string, Detector>();

function detectorFor(options: DetectorOptions): Detector {
  const name = JSON.stringify(options);
  const detector = detectors.get(name) ?? createDetector(options);
  if (detectors.size >= mostKept) detectors.clear();
  detectors.set(name, detector);
  return detector;
}

parentPort?.on("message", (job: TextJob) => {
  parentPort?.postMessage(answerTo(job, detectorFor));
});
