import type { Policy } from "@cloister/policy";
import type { KekFinding } from "./examine-kek.ts";

/** Who can use the credential of `keys` at the KMS, and so unwrap whatever that unwraps, without `keys`. */
export function credentialTrust({
  provider,
  custody,
}: Policy["kms"]): Pick<KekFinding, "result" | "detail" | "remedy"> {
  if (custody === "hyok") {
    return { result: "ok", detail: "The credential is with whoever runs keys, which is the tenant itself (HYOK)." };
  }
  const what = provider === "local" ? "Whoever runs keys has the KEK itself" : "Whoever runs keys has its credential";
  return {
    result: "warning",
    detail: `${what}, and can unwrap with it beside keys: that is trust in the operator, not in evidence.`,
    remedy: "Where that is too much: the tenant runs keys itself (HYOK), or uses a KMS that checks evidence.",
  };
}
