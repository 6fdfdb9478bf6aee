import type { TSESLint, TSESTree } from "@typescript-eslint/utils";

const isConst = (node: TSESTree.TSAsExpression): boolean =>
  node.typeAnnotation.type === "TSTypeReference" &&
  node.typeAnnotation.typeName.type === "Identifier" &&
  node.typeAnnotation.typeName.name === "const";

/** `x as T` claims what the compiler can't see, so a comment beside it (same line or the line above) must say why it holds. */
export const provedAssertion: TSESLint.RuleModule<"unproved"> = {
  meta: {
    type: "suggestion",
    docs: { description: "a type assertion has a comment with its proof" },
    schema: [],
    messages: {
      unproved: "Say in a comment on this line or the one above why this assertion holds, or parse instead.",
    },
  },
  create(context) {
    const commentedLines = new Set(
      context.sourceCode
        .getAllComments()
        .flatMap(({ loc }) =>
          Array.from({ length: loc.end.line - loc.start.line + 1 }, (_, index) => loc.start.line + index),
        ),
    );
    return {
      TSAsExpression(node) {
        const lines = [node.loc.start.line - 1, node.loc.start.line, node.loc.end.line];
        if (isConst(node) || lines.some((line) => commentedLines.has(line))) return;
        context.report({ node, messageId: "unproved" });
      },
    };
  },
};
