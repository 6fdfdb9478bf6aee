import { errorChapters, type ErrorChapter, type ErrorDescription } from "./error-catalogues.ts";

const opening = `# Errors

<!-- Written by \`npm run docs\` from the catalogues beside the codes. Change them there. -->

Every refusal has a stable code. Switch on the code; sentences may change. No code brings plaintext, keys or personal data
with it, and none is followed by a fallback to something weaker.
`;

/** docs/errors.md: every stable code with its meaning, what to do about it, and whether trying again may help. */
export function errorsPage(): string {
  const anchored = new Set<string>();
  return `${opening}\n${errorChapters.map((chapter) => section(chapter, anchored)).join("\n")}`;
}

/** A code that is met in several places has its anchor at the first, which is HTTP where a problem's \`type\` points. */
function section({ title, introduction, catalogues }: ErrorChapter, anchored: Set<string>): string {
  const withStatus = title === "HTTP";
  const rows = Object.entries(catalogues).flatMap(([from, catalogue]) =>
    Object.entries(catalogue).map(([code, description]) => {
      const anchor = anchored.has(code) ? "" : `<a id="${code}"></a>`;
      anchored.add(code);
      return row([
        `${anchor}\`${code}\``,
        ...(withStatus ? [String(description.httpStatus ?? "")] : []),
        from,
        sentences(description),
        description.isRetryable === true ? "yes" : "no",
      ]);
    }),
  );
  const heads = ["code", ...(withStatus ? ["status"] : []), "from", "what happened, and what to do", "try again"];
  return [`## ${title}`, "", introduction, "", row(heads), row(heads.map(() => "---")), ...rows, ""].join("\n");
}

const sentences = ({ title, remedy }: ErrorDescription): string => `${title}. ${remedy}`;

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
