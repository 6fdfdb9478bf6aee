import type { LiveStopped, LiveText } from "@cloister/client";
import chalk from "chalk";
import { printable, printLines, type Terminal } from "../terminal.ts";
import { answerLines, factLines, sourceLines, type Answer } from "./answer.ts";

/** One answer on a person's screen: its text as it comes, then what the reply says of it. The reply has the last word. */
export class LiveDisplay {
  readonly #terminal: Terminal;
  /** What stands on the screen of this answer. */
  #shown = "";
  #last: LiveText | undefined;
  #isStopped = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly onLive = (event: LiveText | LiveStopped): void => {
    if (event.kind === "live") this.#show(event);
    else this.#stop(event);
  };

  /** Completes the text, or prints the whole of it if something else was shown. */
  end(answer: Answer): void {
    if (this.#shown === "") {
      printLines(this.#terminal, answerLines(answer));
      return;
    }
    if (answer.kind === "status") {
      this.#write("\n");
      printLines(this.#terminal, answerLines(answer));
      return;
    }
    const text = printable(answer.reply.text);
    const isBeginning = !this.#isStopped && text.startsWith(this.#shown);
    this.#write(isBeginning ? text.slice(this.#shown.length) : `\n${chalk.dim("the whole answer:")}\n${text}`);
    this.#write("\n");
    const facts = answer.sealed === undefined ? [] : [...factLines(answer), ...this.#cellLines()];
    const lines = [...sourceLines(answer.reply), ...facts];
    if (lines.length > 0) printLines(this.#terminal, lines);
  }

  #show(event: LiveText): void {
    // Begun anew: another attempt of the model's.
    if (this.#shown !== "" && event.textSoFar === event.text) this.#write("\n");
    this.#write(printable(event.text));
    this.#shown = printable(event.textSoFar);
    this.#last = event;
    this.#isStopped = false;
  }

  #stop({ code }: LiveStopped): void {
    if (this.#shown === "") return;
    this.#isStopped = true;
    this.#write(chalk.dim(` … (${code}: the rest comes with the reply)`));
  }

  #cellLines(): string[] {
    if (this.#last === undefined) return [];
    const { cells, cellBytes } = this.#last;
    return [
      chalk.dim(`came while it was given: ${cells} sealed ${cells === 1 ? "cell" : "cells"} of ${cellBytes} bytes`),
    ];
  }

  #write(text: string): void {
    this.#terminal.stdout.write(text);
  }
}
