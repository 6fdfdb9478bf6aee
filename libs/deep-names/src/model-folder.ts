import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PiiError } from "@cloister/pii";
import { z } from "zod";
import { type Label, readLabel } from "./labels.ts";

/** A folder with a model, and the digest that its files must have. */
export interface NamesModelChoice {
  readonly folder: string;
  readonly digestHex: string;
}

/** A model as it was brought, read and checked, not yet loaded. */
export interface NamesModelFiles {
  readonly network: Uint8Array;
  readonly tokenizer: object;
  readonly tokenizerConfig: object;
  readonly labels: readonly (Label | undefined)[];
  readonly windowTokens: number;
  /** A letter that the model never learnt to read, if it says which script it knows. */
  readonly unreadable: RegExp | undefined;
  readonly digestHex: string;
}

const networkFile = "model.onnx";
const fileNames = [networkFile, "tokenizer.json", "config.json"] as const;
/** Some tokenizers have none. */
const optionalFile = "tokenizer_config.json";
const mostWindowTokens = 512;
/** How ONNX names a tensor's own file: the key of an entry of TensorProto.external_data (onnx.proto). */
const externalWeights = Buffer.from("\n\blocation\u0012", "latin1");

const jsonObject = z.record(z.string(), z.unknown());
const configForm = z.object({
  id2label: z.record(z.string().regex(/^\d+$/), z.string()),
  max_position_embeddings: z.int().min(32).optional(),
  /** Ours alone: the one script that the model reads, such as "Latin"; words with other letters get no label. */
  only_script: z
    .string()
    .regex(/^[A-Z][a-z]+(?:_[A-Z][a-z]+)*$/)
    .optional(),
});

/** SHA-256, in hexadecimal digits, over name, length and bytes of each file that is read. @throws PiiError BAD_MODEL */
export async function measureNamesModel(folder: string): Promise<NamesModelChoice> {
  return { folder, digestHex: (await readNamesModel(folder)).digestHex };
}

/** @throws PiiError BAD_MODEL for a folder in which a file is missing or doesn't have its form */
export async function readNamesModel(folder: string): Promise<NamesModelFiles> {
  const files = new Map<string, Uint8Array>();
  for (const name of fileNames) files.set(name, await contentOf(folder, name));
  const tokenizerConfig = await optionalContentOf(folder);
  if (tokenizerConfig !== undefined) files.set(optionalFile, tokenizerConfig);
  const config = configForm.safeParse(jsonOf("config.json", files));
  if (!config.success)
    throw unusable("config.json has no id2label with a name for each number, or positions that can't be");
  return {
    network: networkOf(files),
    tokenizer: jsonOf("tokenizer.json", files),
    tokenizerConfig: tokenizerConfig === undefined ? {} : jsonOf(optionalFile, files),
    labels: labelsOf(config.data.id2label),
    unreadable: lettersBesides(config.data.only_script),
    windowTokens: Math.min(mostWindowTokens, config.data.max_position_embeddings ?? mostWindowTokens),
    digestHex: digestOf(files),
  };
}

/** The error of everything that is wrong with a model or with what runs it. `reason` is half a sentence. */
export function unusable(reason: string): PiiError {
  return new PiiError("BAD_MODEL", `The names model can't be used: ${reason}`);
}

async function contentOf(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, name));
  } catch {
    throw unusable(`${name} can't be read in the folder of CLOISTER_REDACTION_ONNX_MODEL`);
  }
}

async function optionalContentOf(folder: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(folder, optionalFile));
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT") return undefined;
    throw unusable(`${optionalFile} is there and can't be read`);
  }
}

/** Weights in files of their own would be read past the digest. */
function networkOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const network = files.get(networkFile) ?? new Uint8Array();
  if (!Buffer.from(network.buffer, network.byteOffset, network.length).includes(externalWeights)) return network;
  throw unusable(`${networkFile} keeps weights in other files: export it with all of them inside`);
}

function jsonOf(name: string, files: ReadonlyMap<string, Uint8Array>): Record<string, unknown> {
  try {
    return jsonObject.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(files.get(name))));
  } catch {
    throw unusable(`${name} is not a JSON object`);
  }
}

function lettersBesides(script: string | undefined): RegExp | undefined {
  try {
    return script === undefined ? undefined : new RegExp(`(?!\\p{sc=${script}})\\p{L}`, "u");
  } catch {
    throw unusable("only_script in config.json is no script of Unicode");
  }
}

function labelsOf(id2label: Readonly<Record<string, string>>): (Label | undefined)[] {
  const labels = Array.from(Object.keys(id2label), (_, id) => {
    const label = id2label[id];
    if (label === undefined) throw unusable("id2label in config.json leaves out a number");
    return readLabel(label);
  });
  if (labels.every((label) => label === undefined)) {
    throw unusable("none of its labels in config.json is a kind of data known here, such as B-PER or I-LOC");
  }
  return labels;
}

function digestOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256");
  for (const [name, content] of files) hash.update(`${name} ${content.length}\n`).update(content);
  return hash.digest("hex");
}
