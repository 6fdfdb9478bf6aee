import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import type { AttestedRole, EvidenceSource } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { readKeysErrorCode } from "@cloister/contracts/keys/errors";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import { ReleaseService } from "@cloister/contracts/keys/release";
import { KeyringError, keysTransport, Keyring, type KeyringOptions, type KeysTransport } from "@cloister/keyring";
import { embeddedCapabilities, type PolicyChoices } from "@cloister/policy";
import { type KeyWrapper, LocalKeyring, startKeys, type KeysConfig, type RunningKeys } from "@cloister/service-keys";
import type { Log } from "@cloister/service";
import type { Database } from "@cloister/storage";
import { FakeClock, silentLog, testDatabase, testDatabaseIn } from "@cloister/testing";
import { configurationDigest, evidenceOf, simulatedRoot, TestClient, TestTenant } from "./tenant.ts";

export const credentials = { authority: "a".repeat(32), release: "r".repeat(32), lifecycle: "l".repeat(32) };

/** A call of a test on a machine that is busy may take longer than the 5 s that a service waits for. */
const ANSWERED_WITHIN_MS = 60_000;

/** What a world without a database of its own takes. */
let nextDatabase: () => Promise<Database> = testDatabase;

/** Has the worlds of this file run on other databases than PGlite. */
export function runOn(databases: () => Promise<Database>): void {
  nextDatabase = databases;
}

/** A running `keys` with its database, reached as its callers reach it. */
export class World {
  readonly clock: FakeClock;
  readonly folder: string;
  db: Database;
  keys: RunningKeys;
  readonly #log: Log;
  readonly #config: Partial<KeysConfig>;
  readonly #keyWrapper: KeyWrapper;
  readonly #isSibling: boolean;
  readonly #keyrings: Keyring[] = [];
  readonly #transports = new Map<string, KeysTransport>();

  private constructor(
    parts: Required<Omit<WorldParts, "releaseManifests">> & {
      readonly keys: RunningKeys;
      readonly config: Partial<KeysConfig>;
      readonly isSibling?: true;
    },
  ) {
    this.clock = parts.clock;
    this.folder = parts.folder;
    this.db = parts.db;
    this.keys = parts.keys;
    this.#log = parts.log;
    this.#config = parts.config;
    this.#keyWrapper = parts.keyWrapper;
    this.#isSibling = parts.isSibling ?? false;
  }

  static async start(
    options: {
      onDisk?: true;
      db?: Database;
      log?: Log;
      config?: Partial<KeysConfig>;
      keyWrapper?: KeyWrapper;
      /** What goes beside the evidence of `keys`. */
      releaseManifests?: EvidenceSource["releaseManifests"];
    } = {},
  ): Promise<World> {
    const clock = new FakeClock(Date.UTC(2026, 10, 22, 12, 34, 56));
    const folder = await mkdtemp(join(tmpdir(), "cloister-keys-"));
    const log = options.log ?? silentLog;
    const db = options.db ?? (options.onDisk ? await testDatabaseIn(join(folder, "db")) : await nextDatabase());
    const { config = {} } = options;
    const keyWrapper = options.keyWrapper ?? (await LocalKeyring.open(join(folder, "keyring.json")));
    const { releaseManifests } = options;
    const keys = await runKeys(
      { clock, folder, db, log, keyWrapper, ...(releaseManifests && { releaseManifests }) },
      config,
    );
    return new World({ clock, folder, db, keys, log, config, keyWrapper });
  }

  /** Another instance of `keys` over the same database and KEKs; closed before this one. */
  async sibling(config: Partial<KeysConfig> = {}): Promise<World> {
    const keyWrapper = this.#keyWrapper;
    const parts = { clock: this.clock, folder: this.folder, db: this.db, log: this.#log, keyWrapper };
    const keys = await runKeys(parts, { ...this.#config, ...config });
    return new World({ ...parts, keys, config, isSibling: true });
  }

  /** Stops `keys` and starts it again over the same database. */
  async restart(betweenStarts: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.keys.close();
    await betweenStarts();
    const parts = { clock: this.clock, folder: this.folder, db: this.db, log: this.#log };
    this.keys = await runKeys(parts, this.#config);
  }

  async close(): Promise<void> {
    for (const keyring of this.#keyrings) keyring.close();
    await this.keys.close();
    if (this.#isSibling) return;
    await this.db.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One connection for each door and credential, as its callers have. */
  transport(
    door: keyof typeof credentials,
    credential = credentials[door],
    timeoutMs = ANSWERED_WITHIN_MS,
  ): KeysTransport {
    const url = this.keys.connectUrl;
    const name = [url, door, credential, timeoutMs].join(" ");
    const transport = this.#transports.get(name) ?? keysTransport({ url, credential, timeoutMs });
    this.#transports.set(name, transport);
    return transport;
  }

  get authority(): Client<typeof AuthorityService> {
    return createClient(AuthorityService, this.transport("authority"));
  }

  get release(): Client<typeof ReleaseService> {
    return createClient(ReleaseService, this.transport("release"));
  }

  get lifecycle(): Client<typeof LifecycleService> {
    return createClient(LifecycleService, this.transport("lifecycle"));
  }

  keyring(role: Exclude<AttestedRole, "keys">, changes: Partial<KeyringOptions> = {}): Keyring {
    const keyring = new Keyring({
      role,
      transport: this.transport("release"),
      evidence: evidenceOf(role, this.clock),
      configurationDigest,
      verifiers: [simulatedVerifier],
      allowDevelopment: true,
      clock: this.clock,
      ...changes,
    });
    this.#keyrings.push(keyring);
    return keyring;
  }

  async newTenant(choices: Partial<PolicyChoices> = {}): Promise<TestTenant> {
    const tenant = new TestTenant();
    await this.authority.applyPolicy(tenant.signed(tenant.policy(this.clock.nowMs(), choices)));
    return tenant;
  }

  async open(tenant: TestTenant, client = new TestClient(), kind: "chat" | "kb" = "chat") {
    const admission = tenant.admission(client, this.clock.nowMs(), { kind });
    const answer = await this.authority.openConversation(client.openRequest(tenant, admission));
    const conversationId = client.conversationId(tenant);
    return { tenant, client, conversationId, name: { tenantId: tenant.tenantId, conversationId }, ...answer };
  }
}

interface WorldParts {
  readonly clock: FakeClock;
  readonly folder: string;
  readonly db: Database;
  readonly log: Log;
  readonly keyWrapper?: KeyWrapper;
  readonly releaseManifests?: EvidenceSource["releaseManifests"];
}

async function runKeys(
  { clock, folder, db, log, keyWrapper, releaseManifests }: WorldParts,
  config: Partial<KeysConfig> = {},
): Promise<RunningKeys> {
  return startKeys(
    {
      grpc: { host: "127.0.0.1", port: 0 },
      credentials,
      configurationDigest,
      simulatedRoots: [simulatedRoot.publicKey],
      allowDevelopment: true,
      capabilities: embeddedCapabilities,
      ...config,
    },
    {
      db,
      keyWrapper: keyWrapper ?? (await LocalKeyring.open(join(folder, "keyring.json"))),
      evidence: { ...evidenceOf("keys", clock), ...(releaseManifests && { releaseManifests }) },
      verifiers: [simulatedVerifier],
      clock,
      log,
    },
  );
}

/** The code that a call was refused with, or "answered". */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (error) {
    if (error instanceof KeyringError) return error.code;
    return readKeysErrorCode(ConnectError.from(error).metadata) ?? `unnamed: ${String(error)}`;
  }
}

/** The code that a getter threw, or "given". */
export function given(getter: () => unknown): string {
  try {
    getter();
    return "given";
  } catch (error) {
    if (error instanceof KeyringError) return error.code;
    throw error;
  }
}
