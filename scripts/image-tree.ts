// `node scripts/image-tree.ts production|development FOLDER TARGET`: what an image of that workspace holds, of services/NAME
// one bundle and of another one its packages; the Dockerfile runs it.
import { writeServiceBundle } from "./image/bundle.ts";
import { writePackageTree } from "./image/tree.ts";

const [build, folder, target, ...others] = process.argv.slice(2);
const isKnown = build === "production" || build === "development";
if (!isKnown || folder === undefined || target === undefined || others.length > 0) {
  console.error("node scripts/image-tree.ts production|development <workspace's folder> <target folder>");
  process.exitCode = 2;
} else if (folder.startsWith("services/")) {
  await writeServiceBundle(folder, target, { build });
} else {
  writePackageTree([folder], target);
}
