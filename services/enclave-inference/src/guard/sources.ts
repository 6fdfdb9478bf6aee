import type { ModelSource } from "../model/model-runtime.ts";
import { withoutHiddenText } from "./hidden-text.ts";

/** A document's id and title are its importer's words: they reach readers without what only a terminal obeys. */
export function guardSources(sources: readonly ModelSource[]): ModelSource[] {
  return sources.map(({ documentId, title }) => ({ documentId: oneLine(documentId), title: oneLine(title) }));
}

const oneLine = (text: string): string => withoutHiddenText(text).text.replaceAll(/\s+/gu, " ").trim();
