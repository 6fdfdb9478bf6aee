import { staticModel } from "@cloister/retrieval";

export const modelRuntimeNames = ["extractive", "openai"] as const;
export type ModelRuntimeName = (typeof modelRuntimeNames)[number];

/** What a deployment chooses that decides who sees a prompt. */
export interface ModelConfiguration {
  readonly runtime: ModelRuntimeName;
  /** Of the runtime `openai`: where the server listens inside the image, and the model it is asked for. */
  readonly modelServer?: { readonly baseUrl: string; readonly model: string };
}

/** The settings whose digest the evidence states and a policy allows: another model or endpoint is another digest. */
export function securityConfiguration({ runtime, modelServer }: ModelConfiguration): Readonly<Record<string, unknown>> {
  return { role: "enclave-inference", runtime, embedder: staticModel, ...(modelServer && { modelServer }) };
}
