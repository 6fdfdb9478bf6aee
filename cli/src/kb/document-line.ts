import type { KnowledgeDocument } from "@cloister/client";
import { documentProblem } from "./document-problem.ts";
import { utf8 } from "./utf8.ts";

const fields = ["documentId", "title", "text"] as const;

/** The document of a line of JSON Lines, or what is wrong with it, in words that don't repeat it. */
export function documentOfLine(line: Uint8Array): KnowledgeDocument | string {
  const text = utf8(line);
  if (text === undefined) return "not UTF-8";
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return "not a JSON object";
  const given: Readonly<Record<string, unknown>> = { ...parsed };
  const [documentId, title, body] = fields.map((name) => given[name]);
  if (typeof documentId !== "string") return '"documentId" is not a string';
  if (typeof title !== "string") return '"title" is not a string';
  if (typeof body !== "string") return '"text" is not a string';
  const document = { documentId, title, text: body };
  return documentProblem(document) ?? document;
}
