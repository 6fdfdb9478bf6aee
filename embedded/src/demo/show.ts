import { Chalk, type ChalkInstance } from "chalk";
import type { SearchReport } from "@cloister/canary";
import type { Attempt } from "./attempts.ts";
import type { Percentiles } from "./latency.ts";
import type { PlayedMessage } from "./play.ts";

/** Prints the demo for a person. Colours only where the terminal has them. */
export class Show {
  readonly #paint: ChalkInstance = new Chalk();
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  heading(text: string): void {
    this.#write("");
    this.#write(this.#paint.bold(text));
  }

  line(text: string): void {
    this.#write(`  ${text}`);
  }

  warning(text: string): void {
    this.#write(this.#paint.yellow(`  ! ${text}`));
  }

  verdict(holds: boolean, text: string): void {
    this.#write(holds ? this.#paint.green(`  ✓ ${text}`) : this.#paint.red(`  ✗ ${text}`));
  }

  message(played: PlayedMessage): void {
    this.#write("");
    this.#row("typed", played.typed);
    if (played.sealed !== null) {
      const { bytes, firstBytesHex } = played.sealed;
      this.#row("on the log", `${String(bytes)} bytes of ciphertext: ${firstBytesHex} …`);
    }
    if (played.modelSaw !== null) this.#row("model saw", played.modelSaw);
    if (played.readerRead !== null) {
      const sources = played.sources.length === 0 ? "" : this.#paint.dim(`  [${played.sources.join(", ")}]`);
      this.#row("reader read", `${played.readerRead.replaceAll("\n", " ")}${sources}`);
    }
    if (played.failure !== null) this.#write(this.#paint.red(`  no answer    ${played.failure}`));
  }

  progress(done: number, total: number): void {
    this.line(this.#paint.dim(`${String(done)} of ${String(total)} messages played`));
  }

  latency({ p50, p95, count }: Percentiles): void {
    this.line(`${String(count)} answers; from send to readable reply: p50 ${ms(p50)}, p95 ${ms(p95)}`);
  }

  search(report: SearchReport, alreadyThere: number): void {
    const { findings, values, places, bytes } = report;
    const megabytes = (bytes / 1e6).toFixed(0);
    this.verdict(
      findings.length === 0,
      `${String(findings.length)} hits of ${String(values)} typed values and pieces, in every encoding, ` +
        `in ${String(places)} places (${megabytes} MB)`,
    );
    for (const { place, encoding } of findings.slice(0, 10)) this.line(`found as ${encoding} in ${place}`);
    if (alreadyThere > 0) {
      this.line(
        `${String(alreadyThere)} pieces were left out: the engines' own files hold them before anything is typed`,
      );
    }
  }

  /** The proved part in full, hashes shortened; of what the operator only says, how much there is. */
  receipt(rendered: string, assertions: number): void {
    const [proved = ""] = rendered.split("\nAsserted by the operator");
    const short = proved.replaceAll(/[0-9a-f]{64}/g, (hash) => `${hash.slice(0, 12)}…`).trimEnd();
    for (const line of short.split("\n").filter((one) => one !== "")) this.line(line);
    this.line(`Asserted by the operator, not proved: ${String(assertions)} tables emptied (each is in --json)`);
  }

  attempt({ who, tried, opened, refusals }: Attempt): void {
    const reasons = Object.entries(refusals).map(([code, count]) => `${code} × ${String(count)}`);
    this.verdict(opened === 0, `${who}: ${String(opened)} of ${String(tried)} opened (${reasons.join(", ")})`);
  }

  #row(name: string, text: string): void {
    this.#write(`  ${this.#paint.cyan(name.padEnd(12))} ${text}`);
  }
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;
