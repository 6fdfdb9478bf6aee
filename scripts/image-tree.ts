// `node scripts/image-tree.ts production|development FOLDER TARGET`: what an image of that workspace holds, such as
// services/ingest; the Dockerfile runs it.
import { writeImageTree } from "./image/tree.ts";

const [build, folder, target, ...others] = process.argv.slice(2);
const isKnown = build === "production" || build === "development";
if (!isKnown || folder === undefined || target === undefined || others.length > 0) {
  console.error("node scripts/image-tree.ts production|development <workspace's folder> <target folder>");
  process.exitCode = 2;
} else {
  writeImageTree([folder], target, build);
}
