import { unusable } from "./model-folder.ts";
import type { Inference } from "./token-classifier.ts";

// What is used of onnxruntime-node, an optional peer: its types are missing wherever it isn't installed.

interface Tensor {
  readonly dims: readonly number[];
  readonly data: unknown;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

interface Runtime {
  readonly InferenceSession: { create(network: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => Tensor;
}

const runtimePackage = "onnxruntime-node";
const knownInputs: ReadonlySet<string> = new Set(["input_ids", "attention_mask", "token_type_ids", "shape_ids"]);
const output = "logits";

/**
 * Loads a network on one thread of the processor. It is given as bytes, so weights outside of its file are not found.
 * @throws PiiError BAD_MODEL without the runtime, or for a network that doesn't classify tokens
 */
export async function openNetwork(network: Uint8Array, labelCount: number): Promise<Inference> {
  const runtime = await loadRuntime();
  const session = await openSession(runtime, network);
  if (!session.inputNames.includes("input_ids") || session.inputNames.some((name) => !knownInputs.has(name))) {
    throw unusable("model.onnx takes other inputs than input_ids, attention_mask, token_type_ids and shape_ids");
  }
  if (!session.outputNames.includes(output)) throw unusable("model.onnx has no output named logits");
  return { run: (ids, shapes) => infer(runtime, session, { ids, shapes }, labelCount) };
}

async function loadRuntime(): Promise<Runtime> {
  const loaded: unknown = await import(runtimePackage).catch(() => undefined);
  if (isRuntime(loaded)) return loaded;
  throw unusable(`the package ${runtimePackage} is not installed, or not for this machine`);
}

function isRuntime(loaded: unknown): loaded is Runtime {
  return typeof loaded === "object" && loaded !== null && "InferenceSession" in loaded && "Tensor" in loaded;
}

async function openSession(runtime: Runtime, network: Uint8Array): Promise<Session> {
  try {
    return await runtime.InferenceSession.create(network, {
      executionProviders: ["cpu"],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      // Errors only: its warnings go to the standard error past our log.
      logSeverityLevel: 3,
    });
  } catch {
    throw unusable("model.onnx is not a network that the runtime can load from this one file");
  }
}

async function infer(
  { Tensor }: Runtime,
  session: Session,
  { ids, shapes }: { ids: readonly number[]; shapes: readonly number[] },
  labelCount: number,
): Promise<Float32Array> {
  const tensorOf = (values: BigInt64Array): Tensor => new Tensor("int64", values, [1, ids.length]);
  const inputs: Readonly<Record<string, Tensor>> = {
    input_ids: tensorOf(BigInt64Array.from(ids, BigInt)),
    attention_mask: tensorOf(new BigInt64Array(ids.length).fill(1n)),
    token_type_ids: tensorOf(new BigInt64Array(ids.length)),
    shape_ids: tensorOf(BigInt64Array.from(shapes, BigInt)),
  };
  const feeds = Object.fromEntries(Object.entries(inputs).filter(([name]) => session.inputNames.includes(name)));
  const { [output]: logits } = await session.run(feeds);
  if (!(logits?.data instanceof Float32Array) || logits.data.length !== ids.length * labelCount) {
    throw unusable(
      "model.onnx gives another number of logits than id2label in config.json has labels, or not as floats",
    );
  }
  return logits.data;
}
