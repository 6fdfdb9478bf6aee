import { relative, sep } from "node:path";
import type { TSESLint, TSESTree } from "@typescript-eslint/utils";
import { placeOf, type Place } from "./layers.ts";
import { repositoryRoot } from "./workspaces.ts";

type Check = (specifier: string, from: Place) => string | undefined;

/** A rule that judges each specifier a file names, by `import`, `export … from`, `import()` or `import("…").Type`. */
export function importRule(description: string, check: Check): TSESLint.RuleModule<"forbidden"> {
  return {
    meta: {
      type: "problem",
      docs: { description },
      schema: [],
      messages: { forbidden: "{{reason}}" },
    },
    create(context) {
      const from = placeOf(relative(repositoryRoot, context.physicalFilename).split(sep).join("/"));
      const judge = (node: TSESTree.Node | null | undefined): void => {
        if (node?.type !== "Literal" || typeof node.value !== "string") return;
        const reason = check(node.value, from);
        if (reason !== undefined) context.report({ node, messageId: "forbidden", data: { reason } });
      };
      return {
        ImportDeclaration: (node) => {
          judge(node.source);
        },
        ExportNamedDeclaration: (node) => {
          judge(node.source);
        },
        ExportAllDeclaration: (node) => {
          judge(node.source);
        },
        ImportExpression: (node) => {
          judge(node.source);
        },
        TSImportType: (node) => {
          judge(node.source);
        },
      };
    },
  };
}

export const isRelative = (specifier: string): boolean => specifier.startsWith(".");
export const isBuiltin = (specifier: string): boolean => specifier.startsWith("node:");
