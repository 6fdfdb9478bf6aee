// `node scripts/image-tree.ts FOLDER TARGET`: what an image of that workspace holds, such as services/ingest; the Dockerfile runs it.
import { writeImageTree } from "./image/tree.ts";

const [folder, target, ...others] = process.argv.slice(2);
if (folder === undefined || target === undefined || others.length > 0) {
  console.error("node scripts/image-tree.ts <workspace's folder> <target folder>");
  process.exitCode = 2;
} else {
  writeImageTree(folder, target);
}
