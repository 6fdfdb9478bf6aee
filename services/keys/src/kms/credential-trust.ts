import type { Policy } from "@cloister/policy";
import type { KekFinding } from "./examine-kek.ts";

type Trust = Pick<KekFinding, "result" | "detail" | "remedy">;

/** Who can use the credential of `keys` at the KMS, and so unwrap whatever that unwraps, without `keys`. */
export function credentialTrust({ provider, custody }: Policy["kms"], kmsTrust: Policy["kmsTrust"]): Trust {
  if (custody === "hyok") {
    return { result: "ok", detail: "The credential is with whoever runs keys, which is the tenant itself (HYOK)." };
  }
  const what = provider === "local" ? "Whoever runs keys has the KEK itself" : "Whoever runs keys has its credential";
  const accepted = kmsTrust === "credential" ? ", which the policy accepts (kmsTrust)" : "";
  return {
    result: "warning",
    detail: `${what}, and can unwrap with it beside keys${accepted}: that is trust in the operator, not in evidence.`,
    remedy: "Where that is too much: the tenant runs keys itself (HYOK), or uses a KMS that checks evidence.",
  };
}
