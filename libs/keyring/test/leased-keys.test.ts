import { createKemPrivateKey, createWrapKey, parseKeyId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { KeyringError, requestText, type KeyRequest } from "@cloister/keyring";
import { attestedRoles } from "@cloister/attestation";
import { purposes, purposesOfRole, type Purpose, type ServiceRole } from "@cloister/policy";
import { FakeClock } from "@cloister/testing";
import { describe, expect, it } from "@jest/globals";
import { LeasedKeys, type LeasedKey } from "../src/leased-keys.ts";
import { TransformKey } from "../src/transform-key.ts";

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const clock = new FakeClock(1_800_000_000_000);
const bucketEndMs = clock.nowMs() + 3_600_000;
const LEASE_MS = 60_000;

const request = (purpose: Purpose): KeyRequest => ({
  tenantId: filled(16, 1),
  conversationId: filled(16, 2),
  purpose,
  bucketEndMs,
});

function keyOf(purpose: Purpose): LeasedKey {
  if (purpose === "inbound") return createKemPrivateKey(nodeBackend, filled(32, 3));
  return createWrapKey(nodeBackend, { key: filled(32, 3), keyId: parseKeyId(filled(16, 3)) });
}

/** Every purpose's key under a lease of a minute; a role that may not use one has it all the same. */
function leased(role: ServiceRole, at = clock) {
  const held = new Map(purposes.map((purpose) => [purpose, keyOf(purpose)]));
  const endsAtMs = at.monotonicMs() + LEASE_MS;
  const keys = new Map(
    [...held].map(([purpose, value]) => [requestText(request(purpose)), { value, endsAtMs, notAfterMs: bucketEndMs }]),
  );
  const transform = new TransformKey(filled(32, 3));
  const transforms = new Map([
    [requestText(request("vector")), { value: transform, endsAtMs, notAfterMs: bucketEndMs }],
  ]);
  const outcomes = { keys, transforms, conversations: new Map(), tenants: new Map() };
  return { held, transform, keys: new LeasedKeys(role, at, outcomes) };
}

function codeOf(use: () => unknown): string {
  try {
    use();
    return "given";
  } catch (error) {
    if (error instanceof KeyringError) return error.code;
    throw error;
  }
}

describe("leased keys", () => {
  const roles = attestedRoles.filter((role) => role !== "keys");

  it.each(roles.flatMap((role) => purposes.map((purpose) => ({ role, purpose }))))(
    "let $role use $purpose in the directions of the table",
    ({ role, purpose }) => {
      const { keys, held } = leased(role);
      const access = purposesOfRole[role][purpose] ?? "";
      const [opening, sealing] = [() => keys.openingKey(request(purpose)), () => keys.sealingKey(request(purpose))];
      const isForClients = purpose === "inbound";
      expect([codeOf(opening), codeOf(sealing)]).toEqual([
        access.includes("r") ? "given" : "PURPOSE_NOT_ALLOWED",
        access.includes("w") && !isForClients ? "given" : "PURPOSE_NOT_ALLOWED",
      ]);
      if (access.includes("r")) expect(opening()).toBe(held.get(purpose));
    },
  );

  it.each(roles.flatMap((role) => purposes.map((purpose) => ({ role, purpose }))))(
    "let $role have a transform of $purpose only where it may open vectors",
    ({ role, purpose }) => {
      const { keys, transform } = leased(role);
      const mayHave = purpose === "vector" && purposesOfRole[role].vector?.includes("r") === true;
      expect(codeOf(() => keys.transformKey(request(purpose)))).toBe(mayHave ? "given" : "PURPOSE_NOT_ALLOWED");
      if (mayHave) expect(keys.transformKey(request(purpose))).toBe(transform);
    },
  );

  it("give no transform once its lease has ended or it was destroyed", () => {
    const at = new FakeClock(1_800_000_000_000);
    const { keys, transform } = leased("embedding", at);
    const use = () => codeOf(() => keys.transformKey(request("vector")));
    transform.destroy();
    expect(use()).toBe("LEASE_ENDED");
    const later = leased("embedding", at);
    at.advance(LEASE_MS);
    expect(codeOf(() => later.keys.transformKey(request("vector")))).toBe("LEASE_ENDED");
  });

  it("end with their lease, to the millisecond of monotonic time, whatever the wall clock says", () => {
    const at = new FakeClock(1_800_000_000_000);
    const { keys } = leased("redaction", at);
    const use = () => codeOf(() => keys.openingKey(request("map")));
    at.advance(LEASE_MS - 1);
    expect(use()).toBe("given");
    at.advance(1);
    expect(use()).toBe("LEASE_ENDED");
  });

  it("end with their bucket, to the millisecond of wall time, however long the lease", () => {
    const at = new FakeClock(bucketEndMs - 2);
    const { keys } = leased("redaction", at);
    const use = () => codeOf(() => keys.openingKey(request("map")));
    at.advance(1);
    expect(use()).toBe("given");
    at.advance(1);
    expect(use()).toBe("KEY_EXPIRED");
  });

  it("are of no use once destroyed", () => {
    const { keys, held } = leased("redaction");
    held.get("map")?.destroy();
    expect(codeOf(() => keys.openingKey(request("map")))).toBe("LEASE_ENDED");
  });

  it("are those that were asked for, and a refusal is given as it came", () => {
    const refusal = new KeyringError("KEY_DESTROYED", "The key is gone.");
    const refused = new LeasedKeys("redaction", clock, {
      keys: new Map([[requestText(request("map")), refusal]]),
      transforms: new Map(),
      conversations: new Map(),
      tenants: new Map(),
    });
    const later = { ...request("map"), bucketEndMs: bucketEndMs + 1 };
    expect(codeOf(() => refused.openingKey(request("map")))).toBe("KEY_DESTROYED");
    expect(codeOf(() => refused.openingKey(later))).toBe("NOT_REQUESTED");
    expect(codeOf(() => refused.conversation(request("map")))).toBe("NOT_REQUESTED");
    expect(codeOf(() => refused.certificateFor(filled(16, 1)))).toBe("NOT_REQUESTED");
  });
});
