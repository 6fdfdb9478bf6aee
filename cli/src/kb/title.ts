/** CommonMark 4.2: one to six #, then the text, then any closing #. */
const atxHeading = /^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
/** CommonMark 4.3: a line of = or - under the text. */
const underline = /^ {0,3}(?:=+|-+)[ \t]*$/;
const fence = /^ {0,3}(`{3,}|~{3,})/;

/** Redaction takes no longer title. It also keeps the expressions above to lines that they are quick with. */
const MAX_CHARACTERS = 1024;

/** The text of a Markdown document's first heading; undefined when it has none. What looks like one in code is code. */
export function firstHeading(markdown: string): string | undefined {
  let openFence: string | undefined;
  let previous = "";
  for (const line of withoutFrontMatter(markdown).split(/\r?\n/u)) {
    const mark = fence.exec(line)?.[1];
    if (openFence !== undefined) {
      if (mark?.startsWith(openFence) === true) openFence = undefined;
      continue;
    }
    openFence = mark;
    if (line.length > MAX_CHARACTERS) {
      previous = "";
      continue;
    }
    const heading = atxHeading.exec(line)?.[1] ?? (underline.test(line) ? previous : "");
    if (heading !== "") return heading;
    previous = mark === undefined ? line.trim() : "";
  }
  return undefined;
}

/** The block between two lines of --- at the very beginning, which many tools keep their own fields in. */
function withoutFrontMatter(markdown: string): string {
  return markdown.replace(/^---[ \t]*\r?\n[^]*?\r?\n---[ \t]*(?:\r?\n|$)/u, "");
}
