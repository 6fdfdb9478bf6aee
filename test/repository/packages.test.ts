import { existsSync, globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import {
  packageOfSpecifier,
  repositoryRoot,
  workspaceOfSpecifier,
  workspaces,
  type Workspace,
} from "../../scripts/lint/workspaces.ts";

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

/** The packages that the files of a folder import by name, itself and Node's own left out. */
function imported({ folder, name }: Workspace, part: "src" | "test"): string[] {
  const specifiers = globSync(`${folder}/${part}/**/*.ts`, { cwd: repositoryRoot }).flatMap((path) =>
    ts.preProcessFile(read(path), true, true).importedFiles.map(({ fileName }) => fileName),
  );
  const packages = specifiers.filter((specifier) => !specifier.startsWith(".") && !isBuiltin(specifier));
  return [...new Set(packages.map(packageOfSpecifier))].filter((found) => found !== name).sort();
}

/** The packages that the source imports by a declaration which is left in the compiled module. */
function importedAtStart({ folder }: Workspace): string[] {
  return globSync(`${folder}/src/**/*.ts`, { cwd: repositoryRoot }).flatMap((path) =>
    ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest).statements.flatMap((statement) => {
      const isDeclaration = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
      if (!isDeclaration || statement.moduleSpecifier === undefined) return [];
      const isOfTypes = ts.isImportDeclaration(statement)
        ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : statement.isTypeOnly;
      if (isOfTypes || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
      return [packageOfSpecifier(statement.moduleSpecifier.text)];
    }),
  );
}

const isOurs = (name: string): boolean => workspaceOfSpecifier(name) !== undefined;

/** The workspaces that a tsconfig refers to, by name, itself left out. */
function references(tsconfig: string, self: string): string[] {
  const { config } = ts.parseConfigFileTextToJson(tsconfig, read(tsconfig)) as {
    config: { references?: { path: string }[] };
  };
  const folders = new Set(
    (config.references ?? []).map(({ path }) => posix.normalize(posix.join(posix.dirname(tsconfig), path))),
  );
  return workspaces
    .filter(({ folder, name }) => folders.has(folder) && name !== self)
    .map(({ name }) => name)
    .sort();
}

/** What the dependencies of a package ask it to install beside them, such as `rxjs` for Nest. */
function peers({ dependencies }: Workspace): Set<string> {
  const manifests = [...dependencies].map((name) => `node_modules/${name}/package.json`);
  return new Set(
    manifests
      .filter((path) => existsSync(join(repositoryRoot, path)))
      .flatMap((path) => Object.keys((JSON.parse(read(path)) as { peerDependencies?: object }).peerDependencies ?? {})),
  );
}

const rootTools = Object.keys((JSON.parse(read("package.json")) as { devDependencies: object }).devDependencies);

describe.each(workspaces.map((workspace) => ({ ...workspace, workspace })))("$name", ({ workspace }) => {
  const { folder, name, dependencies, devDependencies, optionalPeers } = workspace;
  const source = imported(workspace, "src");
  const test = imported(workspace, "test");

  it("declares each package that its source imports", () => {
    expect(source.filter((found) => !dependencies.has(found) && !optionalPeers.has(found))).toEqual([]);
  });

  it("loads an optional package when it is needed, and never at its start", () => {
    expect(importedAtStart(workspace).filter((found) => optionalPeers.has(found))).toEqual([]);
  });

  it("declares no dependency that it neither imports nor needs as a peer", () => {
    const needed = new Set([...source, ...peers(workspace)]);
    expect([...dependencies].filter((found) => !needed.has(found))).toEqual([]);
  });

  it("declares each package that its tests import, or the root does", () => {
    const declared = new Set([...dependencies, ...devDependencies, ...rootTools]);
    expect(test.filter((found) => !declared.has(found) && !isOurs(found))).toEqual([]);
  });

  it("refers in its tsconfig to the packages of ours that it depends on", () => {
    expect(references(`${folder}/tsconfig.json`, name)).toEqual([...dependencies].filter(isOurs).sort());
  });

  it("refers in its tests' tsconfig to the packages of ours that they import", () => {
    const referred = references(`${folder}/test/tsconfig.json`, name);
    expect(test.filter((found) => isOurs(found) && !referred.includes(found))).toEqual([]);
  });
});

describe("the root tsconfig", () => {
  it("builds each package and its tests", () => {
    const { config } = ts.parseConfigFileTextToJson("tsconfig.json", read("tsconfig.json")) as {
      config: { references: { path: string }[] };
    };
    const built = config.references.map(({ path }) => path);
    expect(built).toEqual(expect.arrayContaining(workspaces.flatMap(({ folder }) => [folder, `${folder}/test`])));
  });
});

describe("Nest's list of projects", () => {
  it("names each service", () => {
    const { projects } = JSON.parse(read("nest-cli.json")) as { projects: Record<string, { root: string }> };
    const services = workspaces.map(({ folder }) => folder).filter((folder) => folder.startsWith("services/"));
    expect(
      Object.values(projects)
        .map(({ root }) => root)
        .sort(),
    ).toEqual(services);
  });
});
