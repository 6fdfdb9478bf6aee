// The sandbox's node_modules is a link to the repository's, whose packages of ours lead back to sources that are not
// mutated: what is resolved to a source of the repository is taken from the sandbox.
const { realpathSync } = require("node:fs");
const { dirname, join, relative, sep } = require("node:path");

const sandbox = join(__dirname, "../..");
const repository = dirname(realpathSync(join(sandbox, "node_modules")));
const ours = new Set(["libs", "services", "embedded", "cli"]);

module.exports = (request, options) => {
  const found = options.defaultResolver(request, options);
  const path = relative(repository, found);
  return ours.has(path.split(sep)[0]) ? join(sandbox, path) : found;
};
