import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient, type Client, type Transport } from "@connectrpc/connect";
import {
  AuthorityService,
  OpenConversationRequestSchema,
  OpenConversationResponseSchema,
  type OpenConversationRequest,
} from "@cloister/contracts/keys/authority";
import { keysTransport } from "@cloister/keyring";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { embeddedCapabilities } from "@cloister/policy";
import type { Clock } from "@cloister/service";
import { codeFolder, LocalKeyring, startKeys, type RunningKeys } from "@cloister/service-keys";
import type { Database } from "@cloister/storage";
import { silentLog, testDatabase } from "@cloister/testing";
import type { TestTenant } from "../e2e/tenant.ts";

const credentials = { authority: "a".repeat(32), release: "r".repeat(32), lifecycle: "l".repeat(32) };

/** The program of `keys` on the operator's own machine, with a KMS of its own: all but evidence that a policy allows. */
export class FakeKeys {
  /** How many conversations it was asked to open. */
  opened = 0;
  readonly #folder: string;
  readonly #db: Database;
  readonly #keys: RunningKeys;

  private constructor(folder: string, db: Database, keys: RunningKeys) {
    this.#folder = folder;
    this.#db = db;
    this.#keys = keys;
  }

  /** @param genuineRoot whose instances it takes for instances, so as to be asked for keys */
  static async start(clock: Clock, genuineRoot: Uint8Array): Promise<FakeKeys> {
    const folder = await mkdtemp(join(tmpdir(), "cloister-fake-keys-"));
    const machine = await SimulatedMachine.open(join(folder, "root"));
    const configuration = { doors: "the operator's" };
    const { configurationDigest, ...proof } = await machine.attest("keys", { code: codeFolder, configuration, clock });
    const db = await testDatabase();
    const keyWrapper = await LocalKeyring.open(join(folder, "keyring.json"));
    const keys = await startKeys(
      {
        grpc: { host: "127.0.0.1", port: 0 },
        credentials,
        configurationDigest,
        simulatedRoots: [machine.rootPublicKey, genuineRoot],
        allowDevelopment: true,
        capabilities: embeddedCapabilities,
      },
      { db, keyWrapper, ...proof, clock, log: silentLog },
    );
    return new FakeKeys(folder, db, keys);
  }

  transport(door: keyof typeof credentials): Transport {
    return keysTransport({ url: this.#keys.connectUrl, credential: credentials[door] });
  }

  async apply(signed: ReturnType<TestTenant["signed"]>): Promise<void> {
    await this.#authority.applyPolicy(signed);
  }

  /** Its answer to a device's request that was on the way to the tenant's own. */
  async open(request: Uint8Array): Promise<Uint8Array> {
    this.opened += 1;
    const answer = await this.#authority.openConversation(fromBinary(OpenConversationRequestSchema, request));
    return toBinary(OpenConversationResponseSchema, answer);
  }

  /** Opens the same conversation as the tenant's own did. */
  async mirror(request: Omit<OpenConversationRequest, "$typeName">): Promise<void> {
    await this.#authority.openConversation(request);
  }

  async close(): Promise<void> {
    await this.#keys.close();
    await this.#db.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #authority(): Client<typeof AuthorityService> {
    return createClient(AuthorityService, this.transport("authority"));
  }
}
