import type { KnowledgeDocument } from "@cloister/client";

// What redaction takes.
const MAX_ID_CHARACTERS = 256;
const MAX_TITLE_CHARACTERS = 1024;

/** Why a document would be refused once it is opened; undefined when nothing is wrong. Its size only sealing knows. */
export function documentProblem({ documentId, title, text }: KnowledgeDocument): string | undefined {
  if (documentId === "") return "its id is empty";
  if (documentId.length > MAX_ID_CHARACTERS) return `its id is longer than ${MAX_ID_CHARACTERS} characters`;
  if (title.length > MAX_TITLE_CHARACTERS) return `its title is longer than ${MAX_TITLE_CHARACTERS} characters`;
  if (text.trim() === "") return "it has no text";
  if (![documentId, title, text].every((part) => part.isWellFormed())) return "it holds half a character";
  return undefined;
}
