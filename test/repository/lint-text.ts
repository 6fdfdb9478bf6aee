import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

/** Import rules need no types, so the file need not exist: the path alone says where the text would stand. */
const untyped = new ESLint({
  cwd: repositoryRoot,
  overrideConfig: [
    { ...tseslint.configs.disableTypeChecked, files: ["**/*.ts"] },
    { rules: { "cloister/no-logged-plaintext": "off" } },
  ],
});

/** Typed rules need a file of the program: the text takes the place of an existing file's. */
const typed = new ESLint({
  cwd: repositoryRoot,
  overrideConfig: {
    languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } },
  },
});

async function rulesReported(eslint: ESLint, filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath });
  if (result === undefined) throw new Error(`ESLint ignores ${filePath}`);
  return [...new Set(result.messages.map(({ ruleId, message }) => ruleId ?? message))];
}

/** The rules that report `text` were it the content of `path`, which need not exist. */
export const lintAt = (path: string, text: string): Promise<string[]> => rulesReported(untyped, path, text);

/** As `lintAt`, with the typed rules: `path` must be an existing file of the repository. */
export const lintTypedAt = (path: string, text: string): Promise<string[]> => rulesReported(typed, path, text);
