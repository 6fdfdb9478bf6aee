import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A package of this repository as its package.json describes it. */
export interface Workspace {
  readonly name: string;
  /** Relative to the repository's root, with forward slashes: `libs/envelope`. */
  readonly folder: string;
  /** The keys of `exports`: `.`, `./topics`, … */
  readonly entryPoints: ReadonlySet<string>;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
  /** What the package uses where it is installed, and does without where it isn't. */
  readonly optionalPeers: ReadonlySet<string>;
}

export const repositoryRoot = join(import.meta.dirname, "../..");

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function readWorkspace(manifestPath: string): Workspace {
  const manifest = record(JSON.parse(readFileSync(join(repositoryRoot, manifestPath), "utf8")));
  return {
    name: String(manifest["name"]),
    folder: dirname(manifestPath).replaceAll("\\", "/"),
    entryPoints: new Set(Object.keys(record(manifest["exports"]))),
    dependencies: new Set(Object.keys(record(manifest["dependencies"]))),
    devDependencies: new Set(Object.keys(record(manifest["devDependencies"]))),
    optionalPeers: new Set(
      Object.entries(record(manifest["peerDependenciesMeta"])).flatMap(([name, meta]) =>
        record(meta)["optional"] === true ? [name] : [],
      ),
    ),
  };
}

/** All workspaces, read from disk once. */
export const workspaces: readonly Workspace[] = globSync("{libs,services}/*/package.json", { cwd: repositoryRoot })
  .concat("embedded/package.json", "cli/package.json")
  .sort()
  .map(readWorkspace);

/** The workspace that a bare specifier names (`@cloister/contracts/topics`), and its entry point (`./topics`). */
export function workspaceOfSpecifier(specifier: string): { workspace: Workspace; entryPoint: string } | undefined {
  const workspace = workspaces.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  return workspace && { workspace, entryPoint: `.${specifier.slice(workspace.name.length)}` };
}

/** The workspace that holds a file, by its path relative to the root. */
export function workspaceOfFile(path: string): Workspace | undefined {
  return workspaces.find(({ folder }) => path.startsWith(`${folder}/`));
}

/** The package a bare specifier belongs to: `@noble/curves/ed25519.js` → `@noble/curves`. */
export function packageOfSpecifier(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
