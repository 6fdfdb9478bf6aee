import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";

export interface InputConversation {
  readonly name: string;
  readonly texts: readonly string[];
}

export interface InputLines {
  readonly conversations: readonly InputConversation[];
  /** Lines that are no `{"conversation","text"}`, by number from 1, with what is wrong. */
  readonly broken: readonly { readonly line: number; readonly reason: string }[];
}

const lineSchema = z.object({ conversation: z.coerce.string().min(1).max(200), text: z.string().min(1) });

/** Reads JSON Lines; lines of one conversation keep their order. Empty lines are passed over. */
export async function readInput(file: string): Promise<InputLines> {
  const byName = new Map<string, string[]>();
  const broken: { line: number; reason: string }[] = [];
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === "") continue;
    const parsed = parseLine(text);
    if (typeof parsed === "string") broken.push({ line, reason: parsed });
    else byName.set(parsed.conversation, [...(byName.get(parsed.conversation) ?? []), parsed.text]);
  }
  return { conversations: [...byName].map(([name, texts]) => ({ name, texts })), broken };
}

function parseLine(text: string): z.output<typeof lineSchema> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return 'it is not {"conversation": string, "text": string}';
}
