import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/** A sentence is for people; what tests hold on to is the code beside it. Labels, ids and codes are no sentences. */
const sentences = {
  shouldIgnore({ node }) {
    return /^[A-Z\u0000].* .*[.\u0000]$/su.test(textOf(node)) ? "a sentence" : undefined;
  },
};

/** With \0 where a template puts a value; empty for what is no text. */
function textOf(node) {
  if (node.type === "StringLiteral") return node.value;
  if (node.type === "TemplateLiteral") return node.quasis.map(({ value }) => value.cooked ?? "").join("\u0000");
  return "";
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "refusal-sentences", sentences)];
