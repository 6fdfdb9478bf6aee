import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { z } from "zod";
import { repositoryRoot } from "../lint/workspaces.ts";
import { writePackageTree } from "./tree.ts";

/** A production build has no code for simulated evidence: docs/adr/0022-two-builds.md. */
export type Build = "production" | "development";

export interface BundleOptions {
  readonly build: Build;
  /** One module in the place of another, by their paths: for measuring without a part. */
  readonly replaced?: Readonly<Record<string, string>>;
}

/** Programs that a service starts beside its own, by the names under which it looks for them beside itself. */
const besideMain: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "services/keys": { "hsm-process": "adapters/pkcs11/hsm-process.js" },
  "services/redaction": { "text-worker": "text-work/text-worker.js" },
};

/**
 * Packages that an image holds as they are installed: kafkajs is mended from outside, by its files; the CRC is native and
 * looked for when the service runs; metadata have to be there before the first decorator, in whatever file it is.
 */
const keptWhole = ["kafkajs", "@node-rs/crc32", "reflect-metadata"] as const;

/**
 * What no image holds and a service does without, or asks for by name: the engine of the embedded default, clients of
 * KMS and hardware that are added to an image, and what Nest would use if it were there.
 */
const leftOut = [
  ...["@electric-sql/pglite", "fs-native-extensions"],
  ...["@aws-sdk/client-kms", "koffi", "pkcs11js", "pg-native"],
  ...["@nestjs/websockets", "@nestjs/platform-express", "class-validator", "class-transformer"],
  ...[
    "@grpc/*",
    "@nats-io/*",
    "amqplib",
    "amqp-connection-manager",
    "mqtt",
    "@fastify/multipart",
    "@fastify/static",
    "@fastify/view",
  ],
];

/** Files of CommonJS expect these; `require` is found by what esbuild puts in its place. */
const beforeEachFile = [
  'import "reflect-metadata";',
  'import { createRequire as createRequireOf } from "node:module";',
  "const require = createRequireOf(import.meta.url);",
  "const __filename = import.meta.filename, __dirname = import.meta.dirname;",
].join("\n");

/**
 * A service of one `dist/main.js` and a few files beside it: of its modules and packages what is reached from there, one
 * build of the two, with names as they are, without sources, tests and whatever else packages carry. The licences of
 * what is in it lie in `licenses/` beside it.
 */
export async function writeServiceBundle(folder: string, target: string, options: BundleOptions): Promise<void> {
  const dist = join(repositoryRoot, folder, "dist");
  const outdir = join(target, folder, "dist");
  const { metafile } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: { main: join(dist, "main.js"), ...programsBeside(folder, dist) },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: options.build === "development" ? ["cloister-development"] : [],
    external: [...keptWhole, ...leftOut],
    plugins: [modulesAsThere(outdir, options.replaced ?? {})],
    banner: { js: beforeEachFile },
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    metafile: true,
    logLevel: "error",
  });
  requireBuild(metafile, options.build);
  writeFileSync(join(target, folder, "package.json"), `${JSON.stringify({ private: true, type: "module" })}\n`);
  writePackageTree(
    keptWhole.map((name) => `node_modules/${name}`),
    target,
  );
  writeLicenses(metafile, join(target, folder, "licenses"));
}

function programsBeside(folder: string, dist: string): Record<string, string> {
  return Object.fromEntries(Object.entries(besideMain[folder] ?? {}).map(([name, path]) => [name, join(dist, path)]));
}

/** @throws Error when code that is for development alone would get into a production build */
function requireBuild({ inputs }: Metafile, wanted: Build): void {
  const development = Object.keys(inputs).filter((path) => /(^|\/)dist\/development\//u.test(path));
  if (wanted === "production" && development.length > 0) {
    throw new Error(`a production build would hold ${development.join(", ")}`);
  }
}

const ownFile = /new URL\((?<quote>["'])(?<path>\.{1,2}\/[^"']+)\k<quote>,\s*import\.meta\.url\)/gu;

/** Puts what is to be replaced in its place, and has what a module reads from beside itself read from beside the bundle. */
function modulesAsThere(outdir: string, replaced: Readonly<Record<string, string>>): Plugin {
  return {
    name: "modules-as-there",
    setup: (build) => {
      build.onLoad({ filter: /\.m?js$/ }, async ({ path }) => {
        const by = replaced[path];
        if (by !== undefined) return { contents: await readFile(by, "utf8"), loader: "ts", resolveDir: dirname(by) };
        const text = await readFile(path, "utf8");
        if (text.search(ownFile) === -1) return undefined;
        return {
          contents: text.replaceAll(ownFile, (_all, _quote, place: string) => besideIt(path, place)),
          loader: "js",
        };
      });
    },
  };

  /** Copies a model, a WebAssembly and the like; gives what names the copy. */
  function besideIt(module: string, place: string): string {
    const file = resolve(dirname(module), place);
    if (!existsSync(file)) throw new Error(`${module} reads ${file}, which is not there`);
    cpSync(file, join(outdir, basename(file)), { recursive: true });
    return `new URL(${JSON.stringify(`./${basename(file)}`)}, import.meta.url)`;
  }
}

const packageSchema = z.looseObject({ name: z.string(), version: z.string(), license: z.string().optional() });

/** Of each package that is in the bundle: its name, version and licence in `packages.json`, and the texts that it came with. */
function writeLicenses({ inputs }: Metafile, target: string): void {
  const folders = new Set(Object.keys(inputs).flatMap((path) => packageFolderOf(join(repositoryRoot, path)) ?? []));
  const packages = [...folders].sort().map((folder) => {
    const { name, version, license } = packageSchema.parse(
      JSON.parse(readFileSync(join(folder, "package.json"), "utf8")),
    );
    const texts = globSync("{LICEN[CS]E,NOTICE,COPYING}*", { cwd: folder });
    for (const text of texts) cpSync(join(folder, text), join(target, name, text));
    return { name, version, license };
  });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "packages.json"), `${JSON.stringify(packages, null, 2)}\n`);
}

/** Undefined for what is ours. */
function packageFolderOf(file: string): string | undefined {
  const inside = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(file)?.[0];
  return inside !== undefined && relative(repositoryRoot, inside).startsWith("node_modules") ? inside : undefined;
}
