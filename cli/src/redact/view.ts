import type { Span } from "@cloister/pii";
import { Chalk } from "chalk";

const chalk = new Chalk({ level: 1 });

/** The text as it is, each find in colour and followed by its type. For the eyes of whoever may read the text. */
export function highlighted(text: string, spans: readonly Span[]): string {
  let view = "";
  let offset = 0;
  for (const { start, end, type } of spans) {
    view += text.slice(offset, start) + chalk.black.bgYellow(text.slice(start, end)) + chalk.dim(` ${type}`);
    offset = end;
  }
  return view + text.slice(offset);
}
