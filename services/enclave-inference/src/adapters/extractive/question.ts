import { sentencesOf } from "./sentences.ts";

const opening =
  /^(?:and |so |but |please |hello,? |hi,? )?(?:how|what|which|when|where|who|whom|whose|why|can|could|may|do|does|did|is|are|was|were|will|would|should|have|has|tell|explain|show|give|find|help|remind|list|describe|summari[sz]e)\b/iu;

/** Whether a text asks for anything: a question mark, or a sentence that opens as questions and requests do. */
export function isQuestion(text: string): boolean {
  return text.includes("?") || sentencesOf(text).some((sentence) => opening.test(sentence));
}
