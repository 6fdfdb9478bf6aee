import { extractiveRuntime } from "../src/adapters/extractive/extractive-runtime.ts";
import { modelRuntimeContract } from "./model-runtime.contract.ts";

modelRuntimeContract("extractive", async () => ({ runtime: extractiveRuntime(), stop: async () => undefined }));
