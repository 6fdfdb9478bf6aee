import { mutationTargets } from "./targets.ts";

const name = process.env.CLOISTER_MUTATION_TARGET;
const reports = `.cache/mutation/reports/${name}`;

export default {
  mutate: mutationTargets[name].mutate,
  testRunner: "in-process",
  testRunnerNodeArgs: ["--conditions=cloister-source"],
  coverageAnalysis: "perTest",
  plugins: [
    new URL("./leave-sentences.mjs", import.meta.url).pathname,
    new URL("./in-process-runner.mjs", import.meta.url).pathname,
  ],
  ignorers: ["refusal-sentences"],
  // A mutant that is in force only while a module loads would need a process of its own.
  ignoreStatic: true,
  concurrency: 1,
  timeoutMS: 20_000,
  disableTypeChecks: false,
  // Outside what the repository's own Jest, ESLint and Prettier look at.
  tempDirName: ".cache/mutation/sandbox",
  ignorePatterns: ["/.cache", "/bench", "/docs", "/examples", "/proto", "**/dist", "**/*.tsbuildinfo"],
  reporters: ["clear-text", "json", "html", "progress-append-only"],
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  jsonReporter: { fileName: `${reports}.json` },
  htmlReporter: { fileName: `${reports}.html` },
  thresholds: { high: 95, low: 85, break: 85 },
  allowConsoleColors: false,
};
