import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";

export interface Bundle {
  readonly script: Uint8Array;
  readonly gzippedBytes: number;
}

export type BundleInput = { readonly entry: string } | { readonly source: string };

/** What an application's bundler would make of a script, from our sources: minified, for browsers, nothing left outside. */
export async function bundle(options: BundleInput): Promise<Bundle> {
  const { outputFiles } = await build({ ...optionsOf(options), write: false });
  const [output] = outputFiles;
  if (output === undefined) throw new Error("esbuild gave no output");
  return { script: output.contents, gzippedBytes: gzippedBytesOf(output.contents) };
}

export interface SplitBundle {
  /** What loads before anything runs: the entry and what it imports. */
  readonly initialBytes: number;
  /** Gzipped bytes that come besides when a module is imported later, by the module's path. */
  readonly laterBytes: ReadonlyMap<string, number>;
}

/** The same by a bundler that puts what is imported later into files of its own. */
export async function splitBundle(options: BundleInput): Promise<SplitBundle> {
  const { outputFiles, metafile } = await build({
    ...optionsOf(options),
    write: false,
    splitting: true,
    metafile: true,
    outdir: "out",
  });
  const bytesOf = new Map(outputFiles.map(({ path, contents }) => [basename(path), gzippedBytesOf(contents)]));
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const loadedWith = (name: string, loaded = new Set<string>()): Set<string> => {
    if (loaded.has(name)) return loaded;
    loaded.add(name);
    for (const { path, kind } of outputs.get(name)?.imports ?? []) {
      if (kind === "import-statement") loadedWith(basename(path), loaded);
    }
    return loaded;
  };
  const sum = (names: Iterable<string>) => [...names].reduce((bytes, name) => bytes + (bytesOf.get(name) ?? 0), 0);
  const entries = [...outputs].flatMap(([name, { entryPoint }]) =>
    entryPoint === undefined ? [] : [{ name, entryPoint }],
  );
  const [initial, ...later] = entries.sort((a, b) => Number(isStdin(b.entryPoint)) - Number(isStdin(a.entryPoint)));
  const atFirst = loadedWith(initial?.name ?? "");
  const besides = later.map(
    ({ name, entryPoint }) =>
      [entryPoint, sum([...loadedWith(name)].filter((loaded) => !atFirst.has(loaded)))] as const,
  );
  return { initialBytes: sum(atFirst), laterBytes: new Map(besides) };
}

const isStdin = (entryPoint: string): boolean => entryPoint === "<stdin>";

const gzippedBytesOf = (contents: Uint8Array): number => gzipSync(contents, { level: 9 }).length;

function optionsOf(options: BundleInput) {
  const input =
    "entry" in options
      ? { entryPoints: [options.entry] }
      : { stdin: { contents: options.source, resolveDir: import.meta.dirname } };
  return {
    ...input,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["cloister-source"],
    legalComments: "none",
    logLevel: "error",
  } satisfies BuildOptions;
}
