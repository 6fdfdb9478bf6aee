import type { VerifiedChain } from "@cloister/policy";

import type { ClientContext } from "./client-context.ts";
import { RefusedEvent, type OpeningContext } from "./incoming.ts";
import type { ReplyKeys } from "./reply-keys.ts";

/** Of the conversation whose events are opened. */
export interface OpeningParts {
  readonly context: ClientContext;
  readonly conversationId: Uint8Array;
  readonly replyKeys: ReplyKeys;
}

/** A newer chain may know the signer's issuer or program; it is not asked for more often than that. */
const refreshAfterMs = 5_000;

/**
 * Opens an event under the tenant's chain of trust, and once more under a newer one if it was refused.
 * @throws RefusedEvent; ClientError when the chain can't be had
 */
export async function underNewestChain<T>(
  parts: OpeningParts,
  open: (context: OpeningContext) => Promise<T>,
): Promise<T> {
  const { authority } = parts.context;
  const chain = await authority.newest();
  try {
    return await open(openingContext(parts, chain));
  } catch (error) {
    const newer = error instanceof RefusedEvent ? await authority.newest(refreshAfterMs) : chain;
    if (newer === chain) throw error;
    return open(openingContext(parts, newer));
  }
}

function openingContext({ context, conversationId, replyKeys }: OpeningParts, chain: VerifiedChain): OpeningContext {
  const { backend, tenantId, clock } = context;
  const nowMs = clock.nowMs();
  return { backend, tenantId, conversationId, replyKeys: replyKeys.opening(nowMs), chain, nowMs };
}
