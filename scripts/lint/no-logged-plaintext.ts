import { ESLintUtils, type TSESLint, type TSESTree } from "@typescript-eslint/utils";
import { TypeFlags, type Type, type TypeChecker } from "typescript";

const logMethods = new Set(["trace", "debug", "verbose", "info", "log", "warn", "error", "fatal"]);

const nameOf = (type: Type): string => type.aliasSymbol?.name ?? type.getSymbol()?.name ?? "";

/** The type itself, a member of a union or intersection, an element of an array or tuple, or a property's, three deep. */
function holdsPlaintext(checker: TypeChecker, type: Type, depth = 0): boolean {
  if (nameOf(type) === "Plaintext") return true;
  if (depth === 3) return false;
  const deeper = (inner: Type): boolean => holdsPlaintext(checker, inner, depth + 1);
  if (type.isUnionOrIntersection()) return type.types.some(deeper);
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    // isArrayType and isTupleType have just proved it a reference to a generic type.
    return checker.getTypeArguments(type as Parameters<typeof checker.getTypeArguments>[0]).some(deeper);
  }
  if ((type.flags & TypeFlags.Object) === 0 || type.getCallSignatures().length > 0) return false;
  return type.getProperties().some((property) => deeper(checker.getTypeOfSymbol(property)));
}

/** The expressions whose values a log line would carry: through literals, spreads, conditionals and calls. */
function* carried(node: TSESTree.Node): Generator<TSESTree.Node> {
  yield node;
  const inner: (TSESTree.Node | null)[] = (() => {
    switch (node.type) {
      case "ObjectExpression":
        return node.properties.map((property) => (property.type === "Property" ? property.value : property.argument));
      case "ArrayExpression":
        return node.elements;
      case "TemplateLiteral":
        return node.expressions;
      case "SpreadElement":
        return [node.argument];
      case "ConditionalExpression":
        return [node.consequent, node.alternate];
      case "LogicalExpression":
      case "BinaryExpression":
        return [node.left, node.right];
      // `text.reveal()`, `text.reveal().slice(0, 9)`, `String(text)`: still the text. `text.reveal().length` is a size.
      case "CallExpression":
        return [node.callee.type === "MemberExpression" ? node.callee.object : null, ...node.arguments];
      default:
        return [];
    }
  })();
  for (const child of inner) if (child !== null) yield* carried(child);
}

/** No value of the type `Plaintext` reaches a logger or the console, directly or inside what is logged. */
export const noLoggedPlaintext: TSESLint.RuleModule<"logged"> = {
  meta: {
    type: "problem",
    docs: { description: "plaintext is never logged" },
    schema: [],
    messages: { logged: "A message's plaintext must not be logged: log ids, sizes or codes." },
  },
  create(context) {
    const services = ESLintUtils.getParserServices(context);
    const checker = services.program.getTypeChecker();
    const isLogger = (node: TSESTree.Expression): boolean =>
      (node.type === "Identifier" && node.name === "console") ||
      /Log(ger)?$/i.test(nameOf(services.getTypeAtLocation(node)));
    return {
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        if (!logMethods.has(callee.property.name) || !isLogger(callee.object)) return;
        for (const value of node.arguments.flatMap((argument) => [...carried(argument)])) {
          if (holdsPlaintext(checker, services.getTypeAtLocation(value)))
            context.report({ node: value, messageId: "logged" });
        }
      },
    };
  },
};
