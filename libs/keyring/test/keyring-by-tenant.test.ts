import { createSigningKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { KeyringByTenant, KeyringError, type KeyLease, type KeyRequest, type KeySource } from "@cloister/keyring";
import { capturedLog, FakeClock } from "@cloister/testing";
import { describe, expect, it } from "@jest/globals";

const filled = (value: number): Uint8Array => new Uint8Array(16).fill(value);
const hex = (value: number): string => Buffer.from(filled(value)).toString("hex");
const signer = createSigningKey(nodeBackend, new Uint8Array(32).fill(1));

const request = (tenant: number): KeyRequest => ({
  tenantId: filled(tenant),
  conversationId: filled(9),
  purpose: "flow",
  bucketEndMs: 0,
});

/** A keyring whose leases say where they come from, by a certificate of one byte. */
class OneKeyring implements KeySource {
  readonly signer = signer;
  readonly asked: number[][] = [];
  isClosed = false;
  answer: () => Promise<void> = () => Promise.resolve();
  readonly #name: number;

  constructor(name: number) {
    this.#name = name;
  }

  async lease(requests: readonly KeyRequest[]): Promise<KeyLease> {
    this.asked.push(requests.map(({ tenantId }) => tenantId[0] ?? 0));
    await this.answer();
    const nothing = (): never => {
      throw new KeyringError("NOT_REQUESTED", "It has certificates alone.");
    };
    const certificateFor = (): Uint8Array => Uint8Array.of(this.#name);
    return { certificateFor, openingKey: nothing, sealingKey: nothing, transformKey: nothing, conversation: nothing };
  }

  close(): void {
    this.isClosed = true;
  }
}

function setUp() {
  const [clock, log] = [new FakeClock(), capturedLog("redaction")];
  const [shared, own] = [new OneKeyring(100), new OneKeyring(101)];
  const keyring = new KeyringByTenant({
    shared,
    own: new Map([[hex(1), own]]),
    clock,
    log: log.log,
    answerWithinMs: 20,
  });
  return { clock, log, shared, own, keyring };
}

function from(lease: KeyLease, tenant: number): number | string {
  try {
    return lease.certificateFor(filled(tenant))[0] ?? "none";
  } catch (error) {
    if (error instanceof KeyringError) return `${error.code}/${error.scope}`;
    throw error;
  }
}

describe("a keyring of tenants that run keys themselves, and of others", () => {
  it("asks each key service for its own tenants alone", async () => {
    const { keyring, shared, own } = setUp();
    const lease = await keyring.lease([request(1), request(2), request(3)]);
    expect([from(lease, 1), from(lease, 2), from(lease, 3)]).toEqual([101, 100, 100]);
    expect([own.asked, shared.asked]).toEqual([[[1]], [[2, 3]]]);
  });

  it("does not ask the shared one for a batch that needs it not", async () => {
    const { keyring, shared } = setUp();
    await keyring.lease([request(1)]);
    expect(shared.asked).toEqual([]);
  });

  it.each(["KEYS_UNAVAILABLE", "KEYS_NOT_TRUSTED", "EVIDENCE_REJECTED", "UNAUTHENTICATED"] as const)(
    "lets %s of a tenant's own stop that tenant, whose records wait",
    async (code) => {
      const { keyring, own } = setUp();
      own.answer = () => Promise.reject(new KeyringError(code, "as the test says"));
      const lease = await keyring.lease([request(1), request(2)]);
      expect([from(lease, 1), from(lease, 2)]).toEqual(["TENANT_KEYS_UNAVAILABLE/tenant", 100]);
    },
  );

  it("waits for one that hangs once, then not at all until it is asked again", async () => {
    const { keyring, own, clock } = setUp();
    own.answer = () => new Promise(() => undefined);
    expect(from(await keyring.lease([request(1), request(2)]), 1)).toBe("TENANT_KEYS_UNAVAILABLE/tenant");
    await keyring.lease([request(1), request(2)]);
    expect(own.asked).toHaveLength(1);
    own.answer = () => Promise.resolve();
    clock.advance(1_000);
    expect(from(await keyring.lease([request(1)]), 1)).toBe(101);
  });

  it("pauses everything when the shared one fails, as without tenants of that kind", async () => {
    const { keyring, shared } = setUp();
    shared.answer = () => Promise.reject(new KeyringError("KEYS_UNAVAILABLE", "as the test says"));
    await expect(keyring.lease([request(1), request(2)])).rejects.toMatchObject({ scope: "shared" });
  });

  it("says in the log whose it is that can't be used, and when it is back", async () => {
    const { keyring, own, clock, log } = setUp();
    own.answer = () => Promise.reject(new KeyringError("KEYS_UNAVAILABLE", "as the test says"));
    await keyring.lease([request(1)]);
    own.answer = () => Promise.resolve();
    clock.advance(1_000);
    await keyring.lease([request(1)]);
    const said = log.lines.filter((line) => line.includes(hex(1)));
    expect(said.map((line) => line.includes("answers again"))).toEqual([false, true]);
  });

  it("closes all of them", () => {
    const { keyring, shared, own } = setUp();
    keyring.close();
    expect([shared.isClosed, own.isClosed]).toEqual([true, true]);
  });
});
