/**
 * `node --import` of this file puts the null backend in the place of node:crypto's, for one process of a benchmark. No
 * service has a setting that does so, and evidence is not asked here: the policy of the benchmark is its own.
 */
import { registerHooks } from "node:module";

const replaced = new URL("../../libs/envelope/dist/backends/node.js", import.meta.url).href;
const nullNode = new URL("null-node.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url === replaced ? { ...found, url: nullNode, format: "module-typescript" } : found;
  },
});
