import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface Bundle {
  readonly script: Uint8Array;
  readonly gzippedBytes: number;
}

/** What an application's bundler would make of a script, from our sources: minified, for browsers, nothing left outside. */
export async function bundle(options: { readonly entry: string } | { readonly source: string }): Promise<Bundle> {
  const input =
    "entry" in options
      ? { entryPoints: [options.entry] }
      : { stdin: { contents: options.source, resolveDir: import.meta.dirname } };
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["cloister-source"],
    legalComments: "none",
    logLevel: "error",
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error("esbuild gave no output");
  return { script: output.contents, gzippedBytes: gzipSync(output.contents, { level: 9 }).length };
}
