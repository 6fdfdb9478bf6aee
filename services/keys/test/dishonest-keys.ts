import { createRouterTransport, type Transport } from "@connectrpc/connect";
import { create, toBinary } from "@bufbuild/protobuf";
import { BeginSessionResponseSchema, ReleasedKeysSchema, ReleaseService } from "@cloister/contracts/keys/release";
import type { BeginSessionResponse, ReleasedKeys } from "@cloister/contracts/keys/release";
import { createKemPublicKey, hpkeSeal } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { KeyRequest } from "@cloister/keyring";
import { purposeFromWire, releasedKeysAad, releasedKeysInfo, releasedKeysSigningBytes } from "@cloister/policy";
import { AttestedSession, identityOf } from "./attested-session.ts";
import type { World } from "./world.ts";

export interface Dishonesty {
  readonly begun?: (response: BeginSessionResponse) => void;
  readonly released?: (released: ReleasedKeys) => void;
  /** Sealed and signed in place of what was released. */
  readonly plaintext?: Uint8Array;
  /** Changes what was sealed before it is signed. */
  readonly sealed?: (sealed: Uint8Array) => Uint8Array;
  /** Another program than the one that tenants allow. */
  readonly measurement?: Uint8Array;
}

/**
 * A `keys` with genuine evidence, of the program that tenants allow, which gets from the real one what it is asked for and
 * changes that before it seals and signs it: what an instance has to notice by itself.
 */
export function dishonestKeys(
  world: World,
  { begun, released, plaintext, sealed: changed, measurement }: Dishonesty,
): Transport {
  const own = identityOf(world, "keys", measurement);
  let recipient = new Uint8Array();
  return createRouterTransport(({ service }) =>
    service(ReleaseService, {
      beginSession: async ({ nonce }) => {
        const sessionId = nodeBackend.randomBytes(16);
        const keysEvidence = await own.prove(nonce);
        const answer = create(BeginSessionResponseSchema, {
          sessionId,
          keysEvidence,
          nonce: nodeBackend.randomBytes(32),
        });
        begun?.(answer);
        return answer;
      },
      attestSession: ({ evidence }) => {
        recipient = Uint8Array.from(evidence?.kemPublicKey ?? []);
        return { expiresAtMs: BigInt(world.clock.nowMs() + 600_000) };
      },
      releaseKeys: async (request) => {
        const session = await AttestedSession.begin(world, "redaction");
        const wanted = request.keys.map(({ tenantId, conversationId, purpose, bucketEndMs }): KeyRequest => ({
          tenantId,
          conversationId,
          purpose: purposeFromWire(purpose),
          bucketEndMs: Number(bucketEndMs),
        }));
        const answer = await session.release(wanted);
        released?.(answer);
        const bytes = plaintext ?? toBinary(ReleasedKeysSchema, answer);
        const key = createKemPublicKey(nodeBackend, recipient);
        const aad = releasedKeysAad(request);
        const genuine = hpkeSeal(nodeBackend, key, releasedKeysInfo(), aad, bytes);
        const sealed = changed?.(genuine) ?? genuine;
        return { sealed, signature: own.signer.sign(releasedKeysSigningBytes(request, sealed)) };
      },
    }),
  );
}
