import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@connectrpc/connect";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { LifecycleService } from "@cloister/contracts/keys/lifecycle";
import { topics } from "@cloister/contracts/topics";
import { attestInstances, type AttestedInstances } from "@cloister/embedded";
import { deriveConversationId } from "@cloister/envelope";
import { Keyring, keysTransport, type KeyringOptions, type KeysTransport, type TlsIdentity } from "@cloister/keyring";
import { PostgresMessageLog, type MessageLog, type OutgoingRecord } from "@cloister/messaging";
import {
  embeddedCapabilities,
  verifyAuthorityChain,
  verifyConversationStatement,
  type Admission,
  type PolicyChoices,
  type VerifiedChain,
} from "@cloister/policy";
import { LocalKeyring, startKeys, type RunningKeys } from "@cloister/service-keys";
import type { Log } from "@cloister/service";
import { wakeUpsFor, type Database } from "@cloister/storage";
import { FakeClock, silentLog, testDatabase } from "@cloister/testing";
import { Device, type OpenedConversation } from "./device.ts";
import { TestTenant } from "./tenant.ts";

export const credentials = { authority: "a".repeat(32), release: "r".repeat(32), lifecycle: "l".repeat(32) };

/** The real `keys`, and a message log: what a single other service needs around it. */
export class KeysWorld {
  readonly clock: FakeClock;
  readonly folder: string;
  readonly instances: AttestedInstances;
  /** Of all services, `keys` included. */
  readonly db: Database;
  /** Everything that was produced, in order. */
  readonly produced: OutgoingRecord[] = [];
  readonly messages: MessageLog;
  /** Of all services. */
  readonly log: Log;
  /** The side of TLS of `keys`; in the clear without, as in one process. */
  readonly tls: TlsIdentity | undefined;
  #keys: RunningKeys;
  /** One connection for each door and start of `keys`. */
  readonly #transports = new Map<string, KeysTransport>();

  private constructor(
    parts: Pick<KeysWorld, "clock" | "folder" | "instances" | "db" | "messages" | "log" | "tls">,
    keys: RunningKeys,
  ) {
    this.clock = parts.clock;
    this.folder = parts.folder;
    this.instances = parts.instances;
    this.db = parts.db;
    this.log = parts.log;
    this.tls = parts.tls;
    this.messages = recording(parts.messages, this.produced);
    this.#keys = keys;
  }

  static async start(log: Log = silentLog, tls?: TlsIdentity): Promise<KeysWorld> {
    const clock = new FakeClock(Date.UTC(2026, 10, 22, 12, 10));
    const folder = await mkdtemp(join(tmpdir(), "cloister-test-"));
    const instances = await attestInstances(join(folder, "root"), clock, { runtime: "extractive" });
    const db = await testDatabase();
    const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
    await messages.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 2 })));
    const parts = { clock, folder, instances, db, messages, log, tls };
    return new KeysWorld(parts, await runKeys(parts));
  }

  /** Where `keys` listens now. */
  get url(): string {
    return this.#keys.connectUrl;
  }

  /** `keys` goes away: nobody answers at its doors. */
  stopKeys(): Promise<void> {
    return this.#keys.close();
  }

  /** And is back, over the same database, at another port, without any session of before. */
  async startKeys(): Promise<void> {
    this.#keys = await runKeys(this);
  }

  async close(): Promise<void> {
    await this.messages.close();
    await this.#keys.close();
    await this.db.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** To wherever `keys` listens now. */
  transport(door: keyof typeof credentials): KeysTransport {
    const now = (): KeysTransport => {
      const { connectUrl: url } = this.#keys;
      const standing = this.#transports.get(`${door} ${url}`) ?? keysTransport({ url, credential: credentials[door] });
      this.#transports.set(`${door} ${url}`, standing);
      return standing;
    };
    const calls: KeysTransport = {
      unary: (...call) => now().unary(...call),
      stream: (...call) => now().stream(...call),
    };
    if (this.tls === undefined) return calls;
    return { ...calls, channel: () => now().channel?.() ?? Promise.reject(new Error("there is no TLS")) };
  }

  get authority(): Client<typeof AuthorityService> {
    return createClient(AuthorityService, this.transport("authority"));
  }

  get lifecycle(): Client<typeof LifecycleService> {
    return createClient(LifecycleService, this.transport("lifecycle"));
  }

  /** A genuine instance's keyring. */
  keyring(role: KeyringOptions["role"]): Keyring {
    const transport = this.transport("release");
    return new Keyring({
      role,
      transport,
      ...this.instances.machines[role],
      allowDevelopment: true,
      clock: this.clock,
    });
  }

  async newTenant(choices: Partial<PolicyChoices> = {}): Promise<TestTenant> {
    const tenant = new TestTenant(this.instances);
    await this.authority.applyPolicy(tenant.signed(tenant.policy(this.clock.nowMs(), choices)));
    return tenant;
  }

  async open(tenant: TestTenant, admitted: Partial<Admission> = {}): Promise<OpenedConversation> {
    const device = new Device();
    const admission = tenant.admission(device.publicKeys, this.clock.nowMs(), admitted);
    const { statement: note } = await this.authority.openConversation(device.openRequest(tenant, admission));
    const keys = { kem: device.kem.publicKeyBytes, signing: device.signer.publicKeyBytes };
    const id = deriveConversationId(tenant.tenantId, keys, device.salt);
    const expected = { nowMs: this.clock.nowMs(), conversationId: id };
    return { tenant, device, id, statement: verifyConversationStatement(note, await this.chain(tenant), expected) };
  }

  /** Root → policy → keys → issuer, verified as a reader does. */
  async chain({ tenantId }: TestTenant): Promise<VerifiedChain> {
    const { chain } = await this.authority.getPolicy({ tenantId });
    if (chain === undefined) throw new Error("the answer carries no chain");
    const { verifiers } = this.instances.machines.keys;
    return verifyAuthorityChain({ tenantId, chain, nowMs: this.clock.nowMs(), verifiers, allowDevelopment: true });
  }
}

async function runKeys({
  folder,
  clock,
  db,
  log,
  tls,
  instances: { machines, simulatedRoot },
}: Pick<KeysWorld, "folder" | "clock" | "db" | "log" | "instances" | "tls">): Promise<RunningKeys> {
  const { evidence, verifiers, configurationDigest } = machines.keys;
  return startKeys(
    {
      grpc: { host: "127.0.0.1", port: 0, ...(tls && { tls }) },
      credentials,
      configurationDigest,
      simulatedRoots: [simulatedRoot],
      allowDevelopment: true,
      capabilities: embeddedCapabilities,
    },
    {
      db,
      keyWrapper: await LocalKeyring.open(join(folder, "keyring.json")),
      evidence,
      verifiers,
      clock,
      log,
    },
  );
}

/** Writes down what passes, in order. */
function recording(messages: MessageLog, produced: OutgoingRecord[]): MessageLog {
  return {
    ensureTopics: (definitions) => messages.ensureTopics(definitions),
    produce: async (records) => {
      await messages.produce(records);
      produced.push(...records);
    },
    consume: (options) => messages.consume(options),
    close: () => messages.close(),
  };
}
