import { classifyKeyed } from "@cloister/keyring/consuming";
import type { Failed } from "@cloister/messaging";

export function failure(error: unknown): Failed {
  return { status: "failed", failure: classifyKeyed(error) };
}
