import { workspaceOfFile, type Workspace } from "./workspaces.ts";

/**
 * Where a file stands. Imports point one way: `repository` → `cli` → `embedded` → `service` → `lib` → `pure` → `contracts`.
 * `pure` libraries import no framework and do no I/O; `sdk` runs in a browser and sees pure libraries only; `testing` is for tests.
 */
export type Layer = "contracts" | "pure" | "sdk" | "lib" | "testing" | "service" | "embedded" | "cli" | "repository";

const libraryLayers: Readonly<Record<string, Layer>> = {
  "libs/contracts": "contracts",
  "libs/envelope": "pure",
  "libs/attestation": "pure",
  "libs/policy": "pure",
  "libs/pii": "pure",
  "libs/audit": "pure",
  "libs/canary": "pure",
  "libs/client": "sdk",
  "libs/testing": "testing",
};

const pureLayers: readonly Layer[] = ["contracts", "pure"];
const libraries: readonly Layer[] = [...pureLayers, "sdk", "lib"];

/** What the shipped code (`src/`) of a layer may import from other packages of this repository. */
const importsOfSource: Readonly<Record<Layer, readonly Layer[]>> = {
  contracts: [],
  pure: pureLayers,
  sdk: pureLayers,
  lib: libraries,
  testing: libraries,
  service: libraries,
  embedded: [...libraries, "service"],
  cli: [...libraries, "embedded"],
  repository: [...libraries, "testing", "service", "embedded", "cli"],
};

/** Tests of a package may import all libraries besides; those of `embedded` and the repository's own start the services. */
const importsOfTests = (layer: Layer): readonly Layer[] => [...importsOfSource[layer], ...libraries, "testing"];

export interface Place {
  /** Relative to the repository's root, with forward slashes. */
  readonly path: string;
  readonly layer: Layer;
  /** The package that the file belongs to; undefined for `scripts/`, `bench/`, `test/` and the root. */
  readonly workspace: Workspace | undefined;
  /** A test, or a script that trains a model: run beside the product, never part of it. */
  readonly isTest: boolean;
  /** In an `adapters/` folder: the only place where an engine's own client is known. */
  readonly isAdapter: boolean;
}

export function layerOf(workspace: Workspace | undefined): Layer {
  if (workspace === undefined) return "repository";
  if (workspace.folder.startsWith("services/")) return "service";
  if (workspace.folder === "embedded" || workspace.folder === "cli") return workspace.folder;
  return libraryLayers[workspace.folder] ?? "lib";
}

export function placeOf(path: string): Place {
  const workspace = workspaceOfFile(path);
  return {
    path,
    layer: layerOf(workspace),
    workspace,
    isTest:
      workspace === undefined
        ? path.startsWith("test/")
        : /^(?:test|training)\//.test(path.slice(workspace.folder.length + 1)),
    isAdapter: path.includes("/src/adapters/"),
  };
}

export function mayImport(from: Place, to: Workspace): boolean {
  const allowed = from.isTest ? importsOfTests(from.layer) : importsOfSource[from.layer];
  return from.workspace === to || allowed.includes(layerOf(to));
}
