import { renderReceipt, verifyReceipt } from "@cloister/audit";
import { parseTenantId } from "@cloister/envelope";
import type { VerifiedChain } from "@cloister/policy";
import type { RetentionFlags } from "../connection.ts";
import { errorLine } from "../error-line.ts";
import { tenantClient } from "../tenant-client.ts";
import type { SignedReceipt } from "./retention-answers.ts";

export interface CheckedReceipt {
  readonly jobId: string;
  readonly tenantId: string;
  readonly note: string;
  readonly isVerified: boolean;
  /** The receipt for people when it is verified; else why it is not. */
  readonly text: string;
}

/**
 * Verifies each receipt from its tenant's root through the key service's evidence to its signature. A tenant id commits
 * to its root, so this needs no more than the id; whose id it is, the reader knows.
 */
export async function checkReceipts(
  receipts: readonly SignedReceipt[],
  flags: RetentionFlags,
): Promise<readonly CheckedReceipt[]> {
  const chains = new Map<string, Promise<VerifiedChain>>();
  const chainOf = (tenantIdHex: string): Promise<VerifiedChain> => {
    const known = chains.get(tenantIdHex);
    if (known !== undefined) return known;
    const chain = tenantClient(parseTenantId(tenantIdHex), flags).then((client) => client.verifiedChain());
    chains.set(tenantIdHex, chain);
    return chain;
  };
  const checked: CheckedReceipt[] = [];
  for (const { jobId, tenantIdHex, note } of receipts) {
    const outcome = await chainOf(tenantIdHex).then(
      (chain) => rendered(note, chain),
      (error: unknown) => ({ isVerified: false, text: errorLine(error) }),
    );
    checked.push({ jobId, tenantId: tenantIdHex, note, ...outcome });
  }
  return checked;
}

function rendered(note: string, chain: VerifiedChain): { readonly isVerified: boolean; readonly text: string } {
  try {
    return { isVerified: true, text: renderReceipt(verifyReceipt(new TextEncoder().encode(note), chain)).trimEnd() };
  } catch (error) {
    return { isVerified: false, text: errorLine(error) };
  }
}

export function receiptLines(checked: readonly CheckedReceipt[]): string[] {
  return checked.flatMap(({ isVerified, text, tenantId }) => [
    "",
    ...(isVerified
      ? [text, "Verified from the tenant's root."]
      : [`A receipt of tenant ${tenantId} is not verified: ${text}`]),
  ]);
}
