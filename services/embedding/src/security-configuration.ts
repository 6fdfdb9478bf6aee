import { staticModel } from "@cloister/retrieval";

/** The settings whose digest the evidence states and a policy allows: the digest of the word vectors among them. */
export function securityConfiguration(): Readonly<Record<string, unknown>> {
  return { role: "embedding", embedder: staticModel };
}
