import { idToHex, type SigningKey } from "@cloister/envelope";
import { Outages, type Clock, type Log } from "@cloister/service";
import { KeyringError } from "./errors.ts";
import type { ConversationName, KeyRequest } from "./key-request.ts";
import type { KeyLease, KeySource } from "./key-source.ts";

export interface KeyringByTenantOptions {
  /** At the `keys` that all other tenants share. */
  readonly shared: KeySource;
  /** At the `keys` of tenants that run it themselves, by tenant id in hex; all of one instance's identity. */
  readonly own: ReadonlyMap<string, KeySource>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a tenant's own `keys` is waited for; 2 s. */
  readonly answerWithinMs?: number;
}

type Batch = Parameters<KeySource["lease"]>;

const ANSWER_WITHIN_MS = 2_000;

/**
 * Asks for each tenant's keys where they are: at the shared `keys`, or at the one that the tenant runs itself. One of
 * those that is away, hangs or can't prove itself stops its own tenant and nobody else.
 */
export class KeyringByTenant implements KeySource {
  readonly #shared: KeySource;
  readonly #own: ReadonlyMap<string, KeySource>;
  readonly #outages: Outages;

  constructor({ shared, own, clock, log, answerWithinMs = ANSWER_WITHIN_MS }: KeyringByTenantOptions) {
    this.#shared = shared;
    this.#own = own;
    this.#outages = new Outages({
      clock,
      answerWithinMs,
      away: () => unavailable("KEYS_UNAVAILABLE"),
      failed: (tenantId, attempt, error) =>
        log.warn("the key service of a tenant's own can't be used", { tenantId, attempt, error }),
      isBack: (tenantId) => log.info("the key service of a tenant's own answers again", { tenantId }),
    });
  }

  get signer(): SigningKey {
    return this.#shared.signer;
  }

  /**
   * As `Keyring.lease`. What a tenant's own `keys` doesn't give is thrown by the getters for that tenant.
   * @throws KeyringError of scope `shared` when the shared `keys` fails
   */
  async lease(requests: readonly KeyRequest[], conversations: readonly ConversationName[] = []): Promise<KeyLease> {
    const tenants = new Set([...requests, ...conversations].map(({ tenantId }) => idToHex(tenantId)));
    const away = [...tenants].filter((tenant) => this.#own.has(tenant));
    if (away.length === 0) return this.#shared.lease(requests, conversations);
    const of = (isOne: (tenant: string) => boolean): Batch => [
      requests.filter(({ tenantId }) => isOne(idToHex(tenantId))),
      conversations.filter(({ tenantId }) => isOne(idToHex(tenantId))),
    ];
    const isShared = tenants.size > away.length;
    const [shared, ...own] = await Promise.all([
      isShared ? this.#shared.lease(...of((tenant) => !this.#own.has(tenant))) : undefined,
      ...away.map(
        async (tenant) =>
          [
            tenant,
            await this.#leaseOf(
              tenant,
              of((one) => one === tenant),
            ),
          ] as const,
      ),
    ]);
    return new LeaseByTenant(new Map(own), shared);
  }

  close(): void {
    for (const keyring of this.#own.values()) keyring.close();
    this.#shared.close();
  }

  async #leaseOf(tenant: string, batch: Batch): Promise<KeyLease | KeyringError> {
    const keyring = this.#own.get(tenant);
    if (keyring === undefined) return unavailable("KEYS_UNAVAILABLE");
    try {
      return await this.#outages.ask(tenant, () => keyring.lease(...batch));
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error;
      return error.code === "TENANT_KEYS_UNAVAILABLE" ? error : unavailable(error.code, { cause: error });
    }
  }
}

/** What each tenant's part of a batch brought. */
class LeaseByTenant implements KeyLease {
  readonly #own: ReadonlyMap<string, KeyLease | KeyringError>;
  readonly #shared: KeyLease | undefined;

  constructor(own: ReadonlyMap<string, KeyLease | KeyringError>, shared: KeyLease | undefined) {
    this.#own = own;
    this.#shared = shared;
  }

  openingKey(request: KeyRequest): ReturnType<KeyLease["openingKey"]> {
    return this.#of(request.tenantId).openingKey(request);
  }

  sealingKey(request: KeyRequest): ReturnType<KeyLease["sealingKey"]> {
    return this.#of(request.tenantId).sealingKey(request);
  }

  transformKey(request: KeyRequest): ReturnType<KeyLease["transformKey"]> {
    return this.#of(request.tenantId).transformKey(request);
  }

  conversation(name: ConversationName): ReturnType<KeyLease["conversation"]> {
    return this.#of(name.tenantId).conversation(name);
  }

  certificateFor(tenantId: Uint8Array): Uint8Array {
    return this.#of(tenantId).certificateFor(tenantId);
  }

  #of(tenantId: Uint8Array): KeyLease {
    const lease = this.#own.get(idToHex(tenantId)) ?? this.#shared;
    if (lease === undefined) throw new KeyringError("NOT_REQUESTED", "This was not part of what was leased.");
    if (lease instanceof KeyringError) throw lease;
    return lease;
  }
}

const unavailable = (code: string, options?: ErrorOptions): KeyringError =>
  new KeyringError(
    "TENANT_KEYS_UNAVAILABLE",
    `The key service that the tenant runs itself gave nothing: ${code}.`,
    options,
  );
