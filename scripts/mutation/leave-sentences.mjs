import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/** A refusal's sentence is for people; what tests hold on to is its code, the argument before it. */
const sentences = {
  shouldIgnore({ node, parentPath, key }) {
    const isText = node.type === "StringLiteral" || node.type === "TemplateLiteral";
    const isSentence =
      isText && key === 1 && parentPath?.isNewExpression() && /Error$/.test(parentPath.node.callee.name);
    return isSentence ? "the sentence of a refusal" : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "refusal-sentences", sentences)];
