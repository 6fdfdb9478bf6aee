import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { z } from "zod";
import { workspaces, repositoryRoot } from "../lint/workspaces.ts";

const manifestSchema = z.looseObject({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
  peerDependenciesMeta: z.record(z.string(), z.looseObject({ optional: z.boolean().optional() })).default({}),
});

/** Of a package of ours these stay behind: an image holds what runs. */
const notInImages = new Set(["src", "test", "training", "node_modules", "engines", "jest"]);

/** A peer of packages with types, which none of them runs. */
const onlyToCompile = new Set(["typescript"]);

/**
 * Copies what packages need to run, and nothing else: of ours their builds and those that they depend on, and the installed
 * packages that they name, each at the place where it lies here.
 */
export function writePackageTree(folders: readonly string[], target: string): void {
  const seen = new Set<string>();
  const due = folders.map((folder) => join(repositoryRoot, folder));
  for (let folder = due.pop(); folder !== undefined; folder = due.pop()) {
    if (seen.has(folder)) continue;
    seen.add(folder);
    copyPackage(folder, target);
    due.push(...dependenciesOf(folder).map((link) => followLink(link, target)));
  }
}

/** The folders, or links to them, by which Node finds what a package depends on; an absent optional one has none. */
function dependenciesOf(folder: string): string[] {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const isNeeded = (name: string) => peerDependenciesMeta[name]?.optional !== true && !onlyToCompile.has(name);
  const peers = Object.keys(peerDependencies).filter(isNeeded);
  return [...new Set([...peers, ...Object.keys({ ...optionalDependencies, ...dependencies })])].flatMap((name) => {
    const found = installed(name, folder);
    if (found === undefined && name in dependencies && !(name in optionalDependencies)) {
      throw new Error(`${manifest.name} depends on ${name}, which is not installed`);
    }
    return found ?? [];
  });
}

function installed(name: string, from: string): string | undefined {
  for (let folder = from; folder.startsWith(repositoryRoot); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

/** Our own packages are linked into node_modules: the link is made again, and what it leads to is returned. */
function followLink(link: string, target: string): string {
  const folder = realpathSync(link);
  const copy = placeIn(target, link);
  // What it leads to may not be there yet, so that it is asked for itself.
  if (folder !== link && lstatSync(copy, { throwIfNoEntry: false }) === undefined) {
    mkdirSync(dirname(copy), { recursive: true });
    symlinkSync(relative(dirname(link), folder), copy);
  }
  return folder;
}

function copyPackage(folder: string, target: string): void {
  const isOurs = workspaces.some((workspace) => join(repositoryRoot, workspace.folder) === folder);
  for (const entry of readdirSync(folder)) {
    if (entry === "node_modules" || (isOurs && isLeftBehind(entry))) continue;
    const filter = (path: string): boolean => !isOurs || isCurrent(path, folder);
    cpSync(join(folder, entry), join(placeIn(target, folder), entry), { recursive: true, filter });
  }
}

/** What the compiler made of a source that is still there; an older build's files stay in dist/. */
function isCurrent(path: string, folder: string): boolean {
  const made = /^dist[/\\](?<name>.+?)(?:\.d)?\.[jt]s(?:\.map)?$/u.exec(relative(folder, path));
  if (made === null) return !path.endsWith(".tsbuildinfo");
  return existsSync(join(folder, "src", `${made.groups?.["name"] ?? ""}.ts`));
}

const isLeftBehind = (entry: string): boolean =>
  notInImages.has(entry) || entry.startsWith("tsconfig") || entry.endsWith(".md");

function placeIn(target: string, path: string): string {
  const place = relative(repositoryRoot, path);
  if (place.startsWith(`..${sep}`)) throw new Error(`${path} is outside the repository`);
  return join(target, place);
}
